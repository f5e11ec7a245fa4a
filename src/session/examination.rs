//! What a report tells of a training, at its start or at its end.

/// What a report tells of a training, at its start or at its end.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The gradient of the mean loss by each trained parameter, over at most about a thousand examples.
    pub gradients: Vec<(String, Vec<f64>)>,
    /// What is predicted of the data.
    pub fit: Option<Fit>,
    /// What is predicted of the validation set, if there is one.
    pub validation: Option<Fit>,
    /// What is predicted between the data, where their inputs are one number or two.
    pub surface: Option<Surface>,
}

/// What is predicted of each example, beside what is true.
#[derive(Clone, Debug)]
pub enum Fit {
    /// The places of classes among their names.
    Classes { names: Vec<String>, truth: Vec<usize>, predicted: Vec<usize> },
    /// Numbers.
    Numbers { truth: Vec<f64>, predicted: Vec<f64> },
}

/// What is predicted between the data.
#[derive(Clone, Debug)]
pub enum Surface {
    /// Of one number: its name, the data's values, and points.
    Curve { name: String, column: Vec<f64>, points: Vec<(f64, f64)> },
    /// Of two: their names, the data's values, the ends of the rectangle, its cells (rows, columns), and values row by row from
    /// the lowest; the places of classes among their names where these are known.
    Regions {
        names: Vec<String>,
        columns: Vec<Vec<f64>>,
        ends: Vec<(f64, f64)>,
        cells: (usize, usize),
        values: Vec<f64>,
        classes: Option<Vec<String>>,
    },
}
