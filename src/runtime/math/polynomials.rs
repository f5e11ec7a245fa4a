//! Polynomials of the elementary functions, made by `tests/data/polynomials.py`.

/// What is approximated in both real types; by Horner's rule with fused multiply-adds, long ones in two halves.
pub(super) trait Polynomials: Copy {
    /// `(exp(r) - 1 - r) / r^2` for `r` within half of log 2.
    fn exp_tail(r: Self) -> Self;
    /// `(2 atanh(s) / s - 2) / s^2`, where `z = s^2` and `s` is below `(sqrt(2) - 1) / (sqrt(2) + 1)`.
    fn log_series(z: Self) -> Self;
    /// `(2 atanh(s) / s - 2 - 2 s^2 / 3) / s^4`, where `z = s^2` as for the logarithm.
    fn power_series(z: Self) -> Self;
    /// `(sin(x) - x) / x^3`, where `z = x^2` and `x` is within a quarter of pi.
    fn sin_tail(z: Self) -> Self;
    /// `(cos(x) - 1 + x^2 / 2) / x^4`, where `z = x^2` and `x` is within a quarter of pi.
    fn cos_tail(z: Self) -> Self;
    /// `(atan(s) - s) / s^3`, where `z = s^2` and `s` is within `tan(pi / 8)`.
    fn atan_tail(z: Self) -> Self;
    /// `(asin(s) - s) / s^3`, where `z = s^2` and `s` is within a half.
    fn asin_tail(z: Self) -> Self;
    /// `erf(x) / x - 1`, where `z = x^2` and `x` is within 1.
    fn erf_tail(z: Self) -> Self;
    /// `exp(x^2) erfc(x) (x + 2)`, where `t = (x - 2) / (x + 2)`, from 0.47 on to where the error function
    /// underflows.
    fn tail_ratio(t: Self) -> Self;
    /// `1 / cbrt(m)` to a few digits, for `m` between the square roots of 1/2 and 2.
    fn inverse_cube_root(m: Self) -> Self;
}

/// A polynomial by Horner's rule, the highest coefficient first.
macro_rules! polynomial {
    ($x:expr, $highest:expr $(, $coefficient:expr)*) => {{
        let sum = $highest;
        $(let sum = sum.mul_add($x, $coefficient);)*
        sum
    }};
}

impl Polynomials for f64 {
    #[inline(always)]
    fn exp_tail(r: Self) -> Self {
        let square = r * r;
        let rest = polynomial!(
            square,
            2.5020074850572813e-08_f64,
            2.755752164644174e-06,
            0.00019841269581196487,
            0.008333333333458665
        )
        .mul_add(
            r,
            polynomial!(
                square,
                2.763090755114223e-07_f64,
                2.4801491030993337e-05,
                0.0013888888945921057,
                0.04166666666651975
            ),
        );
        polynomial!(r, rest, 0.16666666666666471, 0.5000000000000012)
    }

    #[inline(always)]
    fn log_series(z: Self) -> Self {
        polynomial!(
            z,
            0.1479742415273102_f64,
            0.15313890326182097,
            0.18183571240195065,
            0.22222198423252482,
            0.2857142874408307,
            0.3999999999940543,
            0.6666666666666736
        )
    }

    #[inline(always)]
    fn power_series(z: Self) -> Self {
        let square = z * z;
        let rest = polynomial!(square, 0.11998427851706558_f64, 0.13336385434275883, 0.18181818903610789)
            .mul_add(z, polynomial!(square, 0.1167357549159388_f64, 0.15384554882739393, 0.22222222217220022));
        polynomial!(z, rest, 0.2857142857144667, 0.39999999999999974)
    }

    #[inline(always)]
    fn sin_tail(z: Self) -> Self {
        polynomial!(
            z,
            1.589618977343222e-10_f64,
            -2.5050746453348854e-08,
            2.7557313607067274e-06,
            -0.00019841269829520692,
            0.008333333333321973,
            -0.1666666666666663
        )
    }

    #[inline(always)]
    fn cos_tail(z: Self) -> Self {
        polynomial!(
            z,
            -1.1359087310084711e-11_f64,
            2.0875711542211635e-09,
            -2.755731425770238e-07,
            2.4801587289117357e-05,
            -0.001388888888887346,
            0.041666666666666595
        )
    }

    #[inline(always)]
    fn atan_tail(z: Self) -> Self {
        let square = z * z;
        let rest = polynomial!(
            square,
            0.03803891545435764_f64,
            0.058476313278459605,
            0.07692056526049987,
            0.11111110774550974
        )
        .mul_add(
            z,
            polynomial!(
                square,
                -0.017880855586546687_f64,
                -0.05038224365861292,
                -0.06663065650544724,
                -0.090908975288639,
                -0.14285714279992967
            ),
        );
        polynomial!(z, rest, 0.199999999999512, -0.33333333333333187)
    }

    #[inline(always)]
    fn asin_tail(z: Self) -> Self {
        let square = z * z;
        let rest = polynomial!(
            square,
            -0.020901905093214337_f64,
            0.003734422441612993,
            0.011400204439320005,
            0.017351624446929864,
            0.030381942729091057
        )
        .mul_add(
            z,
            polynomial!(
                square,
                0.032567862056559066_f64,
                0.02163894135614375,
                0.010772903068574948,
                0.01398066617667591,
                0.02237221433220277,
                0.044642857174230784
            ),
        );
        polynomial!(z, rest, 0.07499999999971091, 0.1666666666666676)
    }

    #[inline(always)]
    fn erf_tail(z: Self) -> Self {
        let square = z * z;
        let rest = polynomial!(
            square,
            -1.1876213025793455e-09_f64,
            -1.6372361371586668e-07,
            -1.492574813568391e-05,
            -0.0008548327199329069,
            -0.026866170645631883
        )
        .mul_add(
            z,
            polynomial!(
                square,
                6.762168221060437e-11_f64,
                1.479827730495072e-08,
                1.6463246450343925e-06,
                0.00012055338159935015,
                0.005223977629245334,
                0.11283791670958783
            ),
        );
        polynomial!(z, rest, -0.37612638903183876, 0.1283791670955126)
    }

    #[inline(always)]
    fn tail_ratio(t: Self) -> Self {
        let square = t * t;
        let rest = polynomial!(
            square,
            -3.788951600841599e-08_f64,
            1.5454824709562715e-07,
            -3.53653008612625e-07,
            1.053422993062934e-08,
            3.6437200332062005e-06,
            -1.6121604639434434e-05,
            3.4149109534340834e-05,
            3.4371404641289564e-05,
            -0.0008372960598901421,
            0.006479185067618413,
            -0.036442231506876054
        )
        .mul_add(
            t,
            polynomial!(
                square,
                3.80088768467671e-08_f64,
                -1.2794753978923874e-09,
                -5.647802689021197e-07,
                1.998308949245765e-06,
                -1.1251083367163895e-06,
                -2.1695971429138127e-05,
                0.00014447062752559874,
                -0.0006630734816160275,
                0.0030906120567827018,
                -0.02151066188936206,
                0.279472092556052
            ),
        );
        polynomial!(t, rest, -0.6871606844138106, 1.021582705242023)
    }

    #[inline(always)]
    fn inverse_cube_root(m: Self) -> Self {
        polynomial!(
            m,
            -0.10550262361145053_f64,
            0.6871016359465898,
            -1.8694909295372626,
            2.762566506141007,
            -2.4708072137543184,
            1.9961357308738923
        )
    }
}

impl Polynomials for f32 {
    #[inline(always)]
    fn exp_tail(r: Self) -> Self {
        polynomial!(r, 0.0013745326_f32, 0.008368947, 0.04166965, 0.16666518, 0.49999988)
    }

    #[inline(always)]
    fn log_series(z: Self) -> Self {
        polynomial!(z, 0.2987069_f32, 0.39977586, 0.66666776)
    }

    #[inline(always)]
    fn power_series(z: Self) -> Self {
        polynomial!(z, 0.19527774_f32, 0.22181062, 0.28571957, 0.39999998)
    }

    #[inline(always)]
    fn sin_tail(z: Self) -> Self {
        polynomial!(z, 2.804503e-06_f32, -0.00019850302, 0.008333373, -0.16666667)
    }

    #[inline(always)]
    fn cos_tail(z: Self) -> Self {
        polynomial!(z, 2.443297e-05_f32, -0.0013887313, 0.041666646)
    }

    #[inline(always)]
    fn atan_tail(z: Self) -> Self {
        polynomial!(z, 0.045714613_f32, -0.083836414, 0.11025885, -0.1428023, 0.19999827, -0.3333333)
    }

    #[inline(always)]
    fn asin_tail(z: Self) -> Self {
        polynomial!(z, 0.037549876_f32, 0.014409366, 0.031817462, 0.04451543, 0.07500515, 0.1666666)
    }

    #[inline(always)]
    fn erf_tail(z: Self) -> Self {
        polynomial!(z, 7.919837e-05_f32, -0.0008030643, 0.0051907254, -0.026855124, 0.11283618, -0.3761263, 0.12837917)
    }

    #[inline(always)]
    fn tail_ratio(t: Self) -> Self {
        let square = t * t;
        let rest = polynomial!(square, 6.921244e-05_f32, -0.0008543957, 0.006483204, -0.036442645)
            .mul_add(t, polynomial!(square, 4.87346e-05_f32, -0.00056291, 0.0030470337, -0.021501983, 0.27947137));
        polynomial!(t, rest, -0.6871607, 1.0215827)
    }

    #[inline(always)]
    fn inverse_cube_root(m: Self) -> Self {
        polynomial!(m, 0.20565945_f32, -0.7586301, 1.553795)
    }
}
/// `(log(1 + f) - f + f^2 / 2) / f^3` for `1 + f` between the square roots of 1/2 and 2.
#[inline(always)]
pub(super) fn log_tail(f: f32) -> f32 {
    let square = f * f;
    let rest = polynomial!(square, -0.073537976_f32, -0.13203461, -0.16621315)
        .mul_add(f, polynomial!(square, 0.12615193_f32, 0.142281, 0.19999766));
    polynomial!(f, rest, -0.25000852, 0.33333355)
}
