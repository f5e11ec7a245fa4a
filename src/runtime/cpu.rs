//! The processor level, found once: which version of each kernel runs.

use std::sync::OnceLock;

/// A set of instructions for which every kernel has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// What every processor of the architecture has.
    Baseline = 0,
    /// x86-64 with AVX2 and FMA.
    Avx2 = 1,
    /// x86-64 with AVX-512 F, DQ, VL and BW.
    Avx512 = 2,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// The levels this processor can run, lowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let highest = detected();
        Self::ALL.into_iter().filter(move |&level| level <= highest)
    }
}

/// The level in use: the detected one, or a lower one named by the environment variable `NDC_CPU`
/// (`baseline`, `avx2` or `avx512`).
#[inline]
pub fn cpu() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let wanted = match std::env::var("NDC_CPU").as_deref() {
            Ok("baseline") => Level::Baseline,
            Ok("avx2") => Level::Avx2,
            _ => Level::Avx512,
        };
        wanted.min(detected())
    })
}

/// The highest level this processor can run.
#[cfg(target_arch = "x86_64")]
pub fn detected() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Baseline,
    }
}

/// The highest level this processor can run.
#[cfg(not(target_arch = "x86_64"))]
pub fn detected() -> Level {
    Level::Baseline
}

/// The features of this processor that built code may ask for, by the names of the architecture.
pub fn detected_features() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let mut add = |name, present: bool| found.extend(present.then_some(name));
        add("sse3", is_x86_feature_detected!("sse3"));
        add("ssse3", is_x86_feature_detected!("ssse3"));
        add("sse4.1", is_x86_feature_detected!("sse4.1"));
        add("sse4.2", is_x86_feature_detected!("sse4.2"));
        add("popcnt", is_x86_feature_detected!("popcnt"));
        add("avx", is_x86_feature_detected!("avx"));
        add("avx2", is_x86_feature_detected!("avx2"));
        add("fma", is_x86_feature_detected!("fma"));
        add("bmi1", is_x86_feature_detected!("bmi1"));
        add("bmi2", is_x86_feature_detected!("bmi2"));
        add("lzcnt", is_x86_feature_detected!("lzcnt"));
    }
    found
}
