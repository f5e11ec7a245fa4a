//! Which calls are drawn as one box.

use crate::ir::{Graph, Scope, ScopeId, ScopeKind};
use crate::source::SourceMap;

/// The most gates of a picture in which calls are drawn open unasked.
pub const READABLE: usize = 40;

/// The most gates of any picture.
pub const MOST: usize = 300;

/// What the reader has asked for.
#[derive(Clone, Debug, Default)]
pub struct Folding {
    /// Calls inside this many others are boxes; without it, as deep as is readable.
    pub depth: Option<usize>,
    /// The names of calls that are drawn open, with the calls around them.
    pub unfold: Vec<String>,
}

/// The calls of a graph, and which of them are boxes.
pub(super) struct Calls<'g> {
    graph: &'g Graph,
    /// Whether each call is drawn as one box.
    folded: Vec<bool>,
    /// The call of what the picture is of; it is never a box.
    root: Option<ScopeId>,
}

impl<'g> Calls<'g> {
    /// All calls open but that of the picture's own function, which is not drawn.
    pub(super) fn new(graph: &'g Graph) -> Self {
        let outermost: Vec<ScopeId> =
            graph.scopes().filter(|(_, scope)| scope.outer.is_none()).map(|(id, _)| id).collect();
        let root = match outermost[..] {
            [only] => Some(only),
            _ => None,
        };
        Calls { graph, folded: vec![false; graph.scopes().count()], root }
    }

    /// The outermost box that a call lies in.
    pub(super) fn folded_around(&self, scope: Option<ScopeId>) -> Option<ScopeId> {
        self.chain(scope).filter(|scope| self.folded[scope.0 as usize]).last()
    }

    /// A call and those around it, from the inside.
    fn chain(&self, scope: Option<ScopeId>) -> impl Iterator<Item = ScopeId> + use<'g> {
        let (graph, root) = (self.graph, self.root);
        std::iter::successors(scope, |scope| graph.scope(*scope).outer).filter(move |scope| Some(*scope) != root)
    }

    /// How many calls are around a call.
    fn depth(&self, scope: ScopeId) -> usize {
        self.chain(Some(scope)).count().saturating_sub(1)
    }

    /// The deepest call.
    pub(super) fn deepest(&self) -> usize {
        self.graph.scopes().map(|(id, _)| self.depth(id) + 1).max().unwrap_or(0)
    }

    /// Makes boxes of the calls inside `depth` others, of derivatives, and of calls that `is_box` says; but none of those
    /// that are to be open.
    pub(super) fn fold(&mut self, depth: usize, unfold: &[String], is_box: impl Fn(&Scope) -> bool) {
        let mut open = vec![false; self.folded.len()];
        for (id, scope) in self.graph.scopes() {
            if unfold.contains(&scope.name) {
                self.chain(Some(id)).for_each(|scope| open[scope.0 as usize] = true);
            }
        }
        for (id, scope) in self.graph.scopes() {
            let too_deep = self.depth(id) >= depth;
            let closed = too_deep || is_box(scope) || scope.kind == ScopeKind::Derivative;
            self.folded[id.0 as usize] = closed && !open[id.0 as usize] && Some(id) != self.root;
        }
    }

    /// Makes boxes of everything that can be one, and of the picture's own function.
    pub(super) fn fold_all(&mut self) {
        self.root = None;
        self.folded.fill(true);
    }
}

/// Whether a call is of a function of the library, which is drawn as one operation unless asked otherwise. Layers are
/// drawn open: their inside is what one wants to see.
pub(super) fn is_library_function(scope: &Scope, sources: &SourceMap) -> bool {
    scope.kind == ScopeKind::Function && sources.get(scope.body.source).library
}

/// The names of the calls of a graph, for messages.
pub fn names(graph: &Graph) -> Vec<String> {
    let calls = Calls::new(graph);
    let mut names: Vec<String> =
        graph.scopes().filter(|(id, _)| Some(*id) != calls.root).map(|(_, scope)| scope.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}
