//! What the sources must look like: which room may import which, where printing, files and cranelift are named, sizes,
//! headers, and that documents speak of things that exist.

mod tidy {
    pub mod documents;
    pub mod rooms;
    pub mod sources;
}
