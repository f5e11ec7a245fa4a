//! Expressions of a wanted type.

use super::generator::{Function, Generator, Kind, Ty};

impl Generator {
    /// An expression of a type, in parentheses where it needs them.
    pub fn expression(&mut self, ty: &Ty, depth: usize) -> String {
        self.fuel -= 1;
        if depth == 0 || self.fuel <= 0 {
            return self.leaf(ty);
        }
        if self.once_in(4) {
            return self.any_form(ty, depth - 1);
        }
        match ty {
            Ty::Real => self.real(depth - 1),
            Ty::Int => self.int(depth - 1),
            Ty::Bool => self.bool(depth - 1),
            Ty::Tensor(sizes) => self.tensor(sizes, depth - 1),
            Ty::Ints(size) => self.ints(*size, depth - 1),
            Ty::Tuple(_) | Ty::Record(_) => self.composite(ty, depth - 1),
        }
    }

    /// A variable or a literal.
    pub fn leaf(&mut self, ty: &Ty) -> String {
        let known: Vec<String> =
            self.scope.iter().filter(|(_, each)| each == ty).map(|(name, _)| name.clone()).collect();
        if !known.is_empty() && !self.once_in(4) {
            let recent = known.len().saturating_sub(3);
            let from = if self.once_in(2) { recent } else { 0 };
            return known[from + self.random.below(known.len() - from)].clone();
        }
        match ty {
            Ty::Real => self.choose(&["0.0", "1.0", "2.0", "0.5", "(-1.0)", "(-1.5)", "3"]).to_string(),
            Ty::Int => format!("whole({})", self.random.below(6) as i64 - 2),
            Ty::Bool => self.choose(&["true", "false"]).to_string(),
            Ty::Tensor(sizes) => {
                let inner = if sizes.len() > 1 { Ty::Tensor(sizes[1..].to_vec()) } else { Ty::Real };
                self.list(&inner, sizes[0], 0)
            }
            Ty::Ints(size) => self.list(&Ty::Int, *size, 0),
            Ty::Tuple(_) | Ty::Record(_) => self.composite(ty, 0),
        }
    }

    fn list(&mut self, ty: &Ty, count: usize, depth: usize) -> String {
        let entries: Vec<String> = (0..count).map(|_| self.expression(ty, depth)).collect();
        format!("[{}]", entries.join(", "))
    }

    fn composite(&mut self, ty: &Ty, depth: usize) -> String {
        match ty {
            Ty::Tuple(types) => {
                let parts: Vec<String> = types.iter().map(|ty| self.expression(ty, depth)).collect();
                format!("({})", parts.join(", "))
            }
            Ty::Record(fields) => {
                let mut parts: Vec<String> =
                    fields.iter().map(|(name, ty)| format!("{name} = {}", self.expression(ty, depth))).collect();
                if self.once_in(3) {
                    parts.reverse();
                }
                let known = self.scope.iter().find(|(_, each)| each == ty).map(|(name, _)| name.clone());
                match known {
                    Some(name) if self.once_in(2) => format!("({name} with {})", parts[0]),
                    _ => format!("({})", parts.join(", ")),
                }
            }
            _ => self.leaf(ty),
        }
    }

    /// Forms that any type can take.
    fn any_form(&mut self, ty: &Ty, depth: usize) -> String {
        match self.random.below(9) {
            0 => {
                let condition = self.expression(&Ty::Bool, depth);
                let (yes, no) = (self.expression(ty, depth), self.expression(ty, depth));
                format!("(if {condition} {{ {yes} }} else {{ {no} }})")
            }
            1 => {
                let inner = self.ty(1);
                let value = self.expression(&inner, depth);
                let name = self.fresh("b");
                let body = self.with(name.clone(), inner, |this| this.expression(ty, depth));
                format!("{{ let {name} = {value}; {body} }}")
            }
            2 | 3 => self.call(ty, depth).unwrap_or_else(|| self.leaf(ty)),
            4 => {
                let inner = self.ty(0);
                let value = self.expression(&inner, depth);
                let lambda = self.lambda(&inner, ty, depth);
                match self.random.below(3) {
                    0 => format!("apply({lambda}, {value})"),
                    1 => format!("({lambda})({value})"),
                    _ => {
                        let outer = self.lambda(ty, ty, depth);
                        format!("(({lambda}) >> ({outer}))({value})")
                    }
                }
            }
            5 => self.fold(ty, depth),
            6 => {
                // A part of a larger value.
                let other = self.ty(0);
                let (own, aside) = (self.expression(ty, depth), self.expression(&other, depth));
                self.choose(&[format!("({own}, {aside}).0"), format!("(left = {aside}, right = {own}).right")]).clone()
            }
            7 => self.part_of_variable(ty).unwrap_or_else(|| self.leaf(ty)),
            _ => {
                let inner = self.ty(0);
                let (name, parameter) = (self.fresh("g"), self.fresh("y"));
                let body = self.with(parameter.clone(), inner.clone(), |this| this.expression(ty, depth));
                let value = self.expression(&inner, depth);
                format!("{{ fn {name}({parameter}) = {body}; {name}({value}) }}")
            }
        }
    }

    /// Writes something with one more variable in scope.
    pub fn with(&mut self, name: String, ty: Ty, write: impl FnOnce(&mut Self) -> String) -> String {
        let depth = self.scope.len();
        self.scope.push((name, ty));
        let text = write(self);
        self.scope.truncate(depth);
        text
    }

    fn lambda(&mut self, from: &Ty, to: &Ty, depth: usize) -> String {
        let name = self.fresh("z");
        let body = self.with(name.clone(), from.clone(), |this| this.expression(to, depth));
        format!("|{name}| {body}")
    }

    /// A field or part of a variable.
    fn part_of_variable(&mut self, ty: &Ty) -> Option<String> {
        let mut found = Vec::new();
        for (name, each) in &self.scope {
            match each {
                Ty::Tuple(types) => {
                    let parts = types.iter().enumerate().filter(|(_, each)| *each == ty);
                    found.extend(parts.map(|(place, _)| format!("{name}.{place}")));
                }
                Ty::Record(fields) => {
                    let parts = fields.iter().filter(|(_, each)| each == ty);
                    found.extend(parts.map(|(field, _)| format!("{name}.{field}")));
                }
                _ => {}
            }
        }
        (!found.is_empty()).then(|| self.choose(&found).clone())
    }

    /// A call of a function of the program with this result.
    fn call(&mut self, ty: &Ty, depth: usize) -> Option<String> {
        let fitting: Vec<Function> = self.functions.iter().filter(|each| each.result == *ty).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let function = self.choose(&fitting).clone();
        let given = function.parameters.len() - if self.once_in(2) { function.defaults } else { 0 };
        let arguments: Vec<String> = function.parameters[..given].iter().map(|ty| self.expression(ty, depth)).collect();
        Some(format!("{}({})", function.name, arguments.join(", ")))
    }

    /// A gradient with respect to an argument of this type.
    pub fn gradient(&mut self, ty: &Ty, depth: usize) -> String {
        let lambda = self.lambda(ty, &Ty::Real, depth);
        let value = self.expression(ty, depth);
        match self.random.below(4) {
            0 => format!("value_and_grad({lambda})({value}).1"),
            _ => format!("grad({lambda})({value})"),
        }
    }

    fn real(&mut self, depth: usize) -> String {
        let own = |this: &mut Self| this.expression(&Ty::Real, depth);
        match self.random.below(22) {
            0..=2 => {
                let (left, right) = (own(self), own(self));
                format!("({left} {} {right})", self.choose(&["+", "-", "*"]))
            }
            3 => {
                let (left, right) = (own(self), own(self));
                format!("{}({left}, {right})", self.choose(&["max", "min"]))
            }
            4 if !self.differentiable && self.once_in(4) => format!("stop_gradient({})", own(self)),
            4 => format!("{}({})", self.choose(&["abs", "relu", "bound"]), own(self)),
            5 => format!("({} / {})", own(self), self.choose(&["2", "4.0"])),
            6 => format!("bound({})^{}", own(self), self.choose(&["2", "3"])),
            7 => format!("(-{})", own(self)),
            8 => format!("real({})", self.expression(&Ty::Int, depth)),
            9 => format!("real({})", self.expression(&Ty::Bool, depth)),
            10 | 11 => {
                let sizes = self.sizes();
                let of = self.expression(&Ty::Tensor(sizes), depth);
                format!("{}({of})", self.choose(&["sum", "max", "min"]))
            }
            12 => {
                let ty = Ty::Tensor(vec![2 + self.random.below(3)]);
                let (left, right) = (self.expression(&ty, depth), self.expression(&ty, depth));
                format!("dot({left}, {right})")
            }
            13..=15 => self.element(depth).unwrap_or_else(|| self.leaf(&Ty::Real)),
            16 | 17 => self.reducer(depth),
            18 => self.gradient(&Ty::Real, depth),
            19 => {
                let lambda = self.lambda(&Ty::Real, &Ty::Real, depth.min(2));
                format!("twice(({lambda}) >> bound, {})", own(self))
            }
            20 if self.kind == Kind::Transcendental => self.transcendental(depth),
            20 => self.while_loop(depth),
            _ if self.differentiable => self.while_loop(depth),
            _ => {
                let key = self.random.below(100);
                let draw = if self.kind == Kind::Transcendental {
                    format!("random.normal(key = {key})")
                } else {
                    format!("floor(8 * random.uniform(key = {key}))")
                };
                format!("({draw} + {})", own(self))
            }
        }
    }

    fn transcendental(&mut self, depth: usize) -> String {
        let of = self.expression(&Ty::Real, depth);
        let functions = ["sin", "cos", "tanh", "sigmoid", "softplus", "atan", "erf", "expm1"];
        match self.random.below(4) {
            0 => format!("exp(-abs({of}))"),
            1 => format!("log(1 + {of}^2)"),
            2 => format!("sqrt(abs({of}) + 1)"),
            _ => format!("{}({of})", self.choose(&functions)),
        }
    }

    fn while_loop(&mut self, depth: usize) -> String {
        let (name, start) = (self.fresh("s"), self.expression(&Ty::Real, depth));
        let step = self.with(name.clone(), Ty::Real, |this| this.expression(&Ty::Real, depth.min(2)));
        let count = self.random.below(5);
        format!("while((0, {start}), |(n, {name})| n < {count}, |(n, {name})| (n + 1, bound({step}))).1")
    }

    fn int(&mut self, depth: usize) -> String {
        let own = |this: &mut Self| this.expression(&Ty::Int, depth);
        match self.random.below(10) {
            0..=2 => {
                let (left, right) = (own(self), own(self));
                format!("({left} {} {right})", self.choose(&["+", "-", "*"]))
            }
            3 => format!("({} % whole({}))", own(self), self.choose(&[2, 3, 5, -3])),
            4 => format!("div({}, whole({}))", own(self), self.choose(&[2, 3, 5, -3])),
            5 => {
                let (left, right) = (own(self), own(self));
                format!("{}({left}, {right})", self.choose(&["max", "min"]))
            }
            6 => {
                let ty = Ty::Tensor(vec![2 + self.random.below(3)]);
                let of = self.expression(&ty, depth);
                format!("{}({of})", self.choose(&["argmax", "argmin"]))
            }
            7 => {
                let ty = Ty::Tensor(vec![2 + self.random.below(3)]);
                let (left, right) = (self.expression(&ty, depth), self.expression(&Ty::Real, depth));
                format!("count({left} > {right})")
            }
            8 if self.once_in(8) => {
                let (left, right) = (own(self), own(self));
                format!("div({left}, {right})")
            }
            8 => format!("abs({})", own(self)),
            _ => {
                let (of, size) = self.choose(&[("q3", 3), ("q4", 4)]);
                if self.once_in(25) {
                    format!("{of}[whole({})]", own(self))
                } else {
                    format!("{of}[{} % {size}]", own(self))
                }
            }
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0..=2 => {
                let (left, right) = (self.expression(&Ty::Real, depth), self.expression(&Ty::Real, depth));
                format!("({left} {} {right})", self.choose(&["<", "<=", ">", ">=", "==", "!="]))
            }
            3 => {
                let (left, right) = (self.expression(&Ty::Int, depth), self.expression(&Ty::Int, depth));
                format!("({left} {} {right})", self.choose(&["<", "<=", "==", "!="]))
            }
            4 | 5 => {
                let (left, right) = (self.expression(&Ty::Bool, depth), self.expression(&Ty::Bool, depth));
                format!("({left} {} {right})", self.choose(&["and", "or"]))
            }
            6 => format!("(not {})", self.expression(&Ty::Bool, depth)),
            _ => {
                let ty = Ty::Tensor(vec![2 + self.random.below(3)]);
                let (left, right) = (self.expression(&ty, depth), self.expression(&ty, depth));
                format!("{}({left} < {right})", self.choose(&["any", "all"]))
            }
        }
    }
}
