//! Tensors, index notation and loops.

use super::generator::{Generator, Index, Kind, Ty};

impl Generator {
    /// Sizes of a vector or a matrix.
    pub fn sizes(&mut self) -> Vec<usize> {
        (0..1 + self.random.below(2)).map(|_| 2 + self.random.below(3)).collect()
    }

    /// A tensor of reals.
    pub fn tensor(&mut self, sizes: &[usize], depth: usize) -> String {
        let ty = Ty::Tensor(sizes.to_vec());
        match self.random.below(17) {
            0 | 1 => {
                let (left, right) = (self.expression(&ty, depth), self.expression(&ty, depth));
                format!("({left} {} {right})", self.choose(&["+", "-", "*"]))
            }
            2 => {
                let (left, right) = (self.expression(&ty, depth), self.expression(&Ty::Real, depth));
                let operator = self.choose(&["+", "-", "*"]).to_string();
                self.choose(&[format!("({left} {operator} {right})"), format!("({right} {operator} {left})")]).clone()
            }
            3 => {
                let function = *self.choose(&["abs", "relu", "bound", "-"]);
                format!("{function}({})", self.expression(&ty, depth))
            }
            4 => {
                let (left, right) = (self.expression(&ty, depth), self.expression(&ty, depth));
                format!("{}({left}, {right})", self.choose(&["max", "min"]))
            }
            5 => {
                let (a, b) = (self.expression(&ty, depth), self.expression(&Ty::Real, depth));
                let (yes, no) = (self.expression(&ty, depth), self.expression(&ty, depth));
                format!("where({a} < {b}, {yes}, {no})")
            }
            6..=9 => self.comprehension(sizes, depth),
            10 => self.product(sizes, depth),
            11 => self.gradient(&ty, depth),
            12 => self.slice(sizes, depth),
            13 => self.updated(&ty, sizes, depth),
            14 => self.scan(sizes, depth),
            15 if sizes.len() == 1 && self.kind == Kind::Transcendental => {
                let function = *self.choose(&["softmax", "log_softmax", "tanh", "sigmoid"]);
                format!("{function}({})", self.expression(&ty, depth))
            }
            15 => {
                let rows = self.choose(&[("q3", 3), ("m33", 0)]).1;
                if sizes[0] == 3 && rows == 3 { self.rows(sizes, depth) } else { self.leaf(&ty) }
            }
            _ => {
                let inner = if sizes.len() > 1 { Ty::Tensor(sizes[1..].to_vec()) } else { Ty::Real };
                let entries: Vec<String> = (0..sizes[0]).map(|_| self.expression(&inner, depth)).collect();
                format!("[{}]", entries.join(", "))
            }
        }
    }

    /// Rows of a matrix, or elements of a vector, chosen by a vector of whole numbers.
    fn rows(&mut self, sizes: &[usize], depth: usize) -> String {
        let of = self.expression(&Ty::Tensor(sizes.to_vec()), depth);
        format!("{{ let rows = {of}; rows[q3] }}")
    }

    fn product(&mut self, sizes: &[usize], depth: usize) -> String {
        let inner = 2 + self.random.below(3);
        let (left, right) = match sizes {
            [n] if self.once_in(2) => (vec![*n, inner], vec![inner]),
            [n] => (vec![inner], vec![inner, *n]),
            [n, m] if self.once_in(3) => {
                return format!("{}'", self.expression(&Ty::Tensor(vec![*m, *n]), depth));
            }
            [n, m] => (vec![*n, inner], vec![inner, *m]),
            _ => return self.leaf(&Ty::Tensor(sizes.to_vec())),
        };
        format!("({} @ {})", self.expression(&Ty::Tensor(left), depth), self.expression(&Ty::Tensor(right), depth))
    }

    fn slice(&mut self, sizes: &[usize], depth: usize) -> String {
        let (before, after) = (self.random.below(2), self.random.below(2));
        let mut larger = sizes.to_vec();
        larger[0] += before + after;
        let of = self.expression(&Ty::Tensor(larger.clone()), depth);
        let name = self.fresh("w");
        let to = if after == 0 && self.once_in(2) { String::new() } else { format!("{}", larger[0] - after) };
        let rest = if sizes.len() > 1 && self.once_in(2) { ", :" } else { "" };
        format!("{{ let {name} = {of}; {name}[{before}..{to}{rest}] }}")
    }

    fn updated(&mut self, ty: &Ty, sizes: &[usize], depth: usize) -> String {
        let of = self.expression(ty, depth);
        let mut places: Vec<String> = sizes.iter().map(|size| self.position(*size, depth)).collect();
        let mut value = Ty::Real;
        if let [_, columns] = sizes
            && self.once_in(2)
        {
            places.truncate(1);
            value = Ty::Tensor(vec![*columns]);
        }
        let value = self.expression(&value, depth);
        format!("({of} with [{}] = {value})", places.join(", "))
    }

    /// A whole-number expression that is a position of an axis (nearly always).
    fn position(&mut self, size: usize, depth: usize) -> String {
        match self.random.below(4) {
            0 => format!("{}", self.random.below(size)),
            1 => "-1".to_string(),
            _ if self.once_in(40) => format!("whole({})", self.expression(&Ty::Int, depth)),
            _ => format!("{} % {size}", self.expression(&Ty::Int, depth)),
        }
    }

    /// An element of a tensor in scope, by indices where there are some.
    pub fn element(&mut self, depth: usize) -> Option<String> {
        let tensors: Vec<(String, Vec<usize>)> = self
            .scope
            .iter()
            .filter_map(|(name, ty)| match ty {
                Ty::Tensor(sizes) => Some((name.clone(), sizes.clone())),
                _ => None,
            })
            .collect();
        if tensors.is_empty() {
            return None;
        }
        let (name, sizes) = self.choose(&tensors).clone();
        if self.once_in(6) && sizes.len() == 1 && !self.indices.is_empty() {
            let index = self.choose(&self.indices.clone()).name.clone();
            let shift = *self.choose(&["+ 1", "- 1", "- 2"]);
            return Some(format!("({name}[{index} {shift}] else {})", self.leaf(&Ty::Real)));
        }
        let places: Vec<String> = sizes.iter().map(|size| self.subscript(*size, depth)).collect();
        if places.len() == 2 && self.once_in(4) {
            return Some(format!("{name}[{}][{}]", places[0], places[1]));
        }
        Some(format!("{name}[{}]", places.join(", ")))
    }

    /// A subscript for an axis: affine in an index that stays inside, or a computed position.
    fn subscript(&mut self, size: usize, depth: usize) -> String {
        let mut fitting = Vec::new();
        for index in &self.indices {
            if index.stated && index.from >= 0 && index.to <= size as i64 || index.to == size as i64 && !index.stated {
                fitting.push(index.name.clone());
            }
            for shift in [1, -1, -2] {
                if index.from + shift >= 0 && index.to + shift <= size as i64 {
                    fitting.push(format!("{} {} {}", index.name, if shift > 0 { '+' } else { '-' }, shift.abs()));
                }
            }
            if index.from >= 0 && index.to <= size as i64 {
                fitting.push(format!("{} - 1 - {}", size, index.name));
            }
        }
        if !fitting.is_empty() && !self.once_in(5) {
            return self.choose(&fitting).clone();
        }
        self.position(size, depth)
    }

    /// A new index over a range of a length, and its clause; with `x[i]` for a tensor that tells the range.
    fn index(&mut self, length: usize) -> (Index, String, Option<String>) {
        let name = self.fresh("i");
        let vectors: Vec<String> =
            self.scope.iter().filter(|(_, ty)| *ty == Ty::Tensor(vec![length])).map(|(name, _)| name.clone()).collect();
        if !vectors.is_empty() && self.once_in(2) {
            let vector = self.choose(&vectors).clone();
            let index = Index { name: name.clone(), from: 0, to: length as i64, stated: false };
            return (index, name.clone(), Some(format!("{vector}[{name}]")));
        }
        let from = *self.choose(&[0, 0, 0, 1, -1]);
        let to = from + length as i64;
        let clause = format!("{name} in {from}..{to}");
        (Index { name, from, to, stated: true }, clause, None)
    }

    /// Indices of these lengths; a body of a type under them; the clauses; what tells their ranges.
    fn indexed(&mut self, lengths: &[usize], ty: &Ty, depth: usize) -> (String, Vec<String>, Vec<String>) {
        let (scope, indices) = (self.scope.len(), self.indices.len());
        let (mut clauses, mut told) = (Vec::new(), Vec::new());
        for length in lengths {
            let (index, clause, tells) = self.index(*length);
            clauses.push(clause);
            told.extend(tells);
            self.scope.push((index.name.clone(), Ty::Int));
            self.indices.push(index);
        }
        let body = self.expression(ty, depth);
        self.scope.truncate(scope);
        self.indices.truncate(indices);
        (body, clauses, told)
    }

    fn comprehension(&mut self, sizes: &[usize], depth: usize) -> String {
        let split = 1 + self.random.below(sizes.len());
        let inner = if split < sizes.len() { Ty::Tensor(sizes[split..].to_vec()) } else { Ty::Real };
        let (body, clauses, told) = self.indexed(&sizes[..split], &inner, depth);
        let factors: String = told.iter().map(|each| format!(" * {each}")).collect();
        format!("[({body}){factors} for {}]", clauses.join(", "))
    }

    /// `sum(… for …)` and the like.
    pub fn reducer(&mut self, depth: usize) -> String {
        let lengths: Vec<usize> = self.sizes();
        let (scope, indices) = (self.scope.len(), self.indices.len());
        let (body, clauses, told) = self.indexed(&lengths, &Ty::Real, depth);
        let factors: String = told.iter().map(|each| format!(" * {each}")).collect();
        self.scope.truncate(scope);
        self.indices.truncate(indices);
        let name = clauses[0].split(' ').next().unwrap_or_default().to_string();
        let filter = match self.random.below(4) {
            0 => format!(" if {name} > 0"),
            1 => format!(" if {name} != 1 and {}", self.leaf(&Ty::Bool)),
            _ => String::new(),
        };
        let empty_is_finite = filter.is_empty();
        let reducer = match self.random.below(6) {
            0 if empty_is_finite => "max",
            1 if empty_is_finite => "min",
            2 if self.kind == Kind::Transcendental => "logsumexp",
            _ => "sum",
        };
        format!("{reducer}(({body}){factors} for {}{filter})", clauses.join(", "))
    }

    /// A vector of whole numbers.
    pub fn ints(&mut self, size: usize, depth: usize) -> String {
        let ty = Ty::Ints(size);
        match self.random.below(4) {
            0 => {
                let (left, right) = (self.expression(&ty, depth), self.expression(&ty, depth));
                format!("({left} {} {right})", self.choose(&["+", "-", "*"]))
            }
            1 => {
                let (body, clauses, told) = self.indexed(&[size], &Ty::Int, depth);
                match told.first() {
                    Some(tells) => {
                        format!("[if {tells} > 0 {{ {body} }} else {{ whole(1) }} for {}]", clauses.join(", "))
                    }
                    None => format!("[{body} for {}]", clauses.join(", ")),
                }
            }
            2 => format!("min({}, whole(4))", self.expression(&ty, depth)),
            _ => {
                let entries: Vec<String> = (0..size).map(|_| self.expression(&Ty::Int, depth)).collect();
                format!("[{}]", entries.join(", "))
            }
        }
    }

    /// A fold whose state has any type.
    pub fn fold(&mut self, ty: &Ty, depth: usize) -> String {
        let start = self.expression(ty, depth);
        let (state, row) = (self.fresh("s"), self.fresh("r"));
        let length = 2 + self.random.below(3);
        let (sequence, row_ty, pattern) = match self.random.below(3) {
            0 => (format!("0..{length}"), Ty::Int, row.clone()),
            1 => (self.expression(&Ty::Tensor(vec![length]), depth), Ty::Real, row.clone()),
            _ => {
                let matrix = self.expression(&Ty::Tensor(vec![length, 2]), depth);
                (format!("({matrix}, counted(0..{length}))"), Ty::Tensor(vec![2]), format!("({row}, _)"))
            }
        };
        let depth_of_scope = self.scope.len();
        self.scope.push((state.clone(), ty.clone()));
        self.scope.push((row, row_ty));
        let step = self.expression(ty, depth.min(2));
        self.scope.truncate(depth_of_scope);
        let step = match ty {
            Ty::Real | Ty::Tensor(_) => format!("bound({step})"),
            Ty::Int | Ty::Ints(_) => format!("max(min({step}, whole(9)), whole(-9))"),
            _ => step,
        };
        format!("fold({start}, {sequence}, |{state}, {pattern}| {step})")
    }

    /// The stacked outputs of a scan.
    fn scan(&mut self, sizes: &[usize], depth: usize) -> String {
        let inner = if sizes.len() > 1 { Ty::Tensor(sizes[1..].to_vec()) } else { Ty::Real };
        let (state, row) = (self.fresh("s"), self.fresh("r"));
        let start = self.expression(&Ty::Real, depth);
        let sequence = self.expression(&Ty::Tensor(vec![sizes[0]]), depth);
        let depth_of_scope = self.scope.len();
        self.scope.push((state.clone(), Ty::Real));
        self.scope.push((row.clone(), Ty::Real));
        let (step, output) = (self.expression(&Ty::Real, depth.min(2)), self.expression(&inner, depth));
        self.scope.truncate(depth_of_scope);
        format!("scan({start}, {sequence}, |{state}, {row}| (bound({step}), {output})).1")
    }
}
