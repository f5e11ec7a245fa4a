use super::*;

#[test]
fn philox_matches_its_published_answers() {
    assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    assert_eq!(
        philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

#[test]
fn sequences_agree_with_positions() {
    let key = Key { seed: 7, stream: 9 };
    let mut sequence = key.sequence();
    for position in 0..100 {
        assert_eq!(sequence.word(), key.word(position));
    }
    let mut resumed = Sequence::at(key, sequence.position());
    assert_eq!(resumed.word(), sequence.word());
    assert_ne!(key.child(0), key.child(1));
}

#[test]
fn uniform_and_normal_have_their_moments() {
    let mut sequence = Key { seed: 1, stream: 2 }.sequence();
    let n = 100_000;
    let (mut mean, mut square, mut normal_mean, mut normal_square) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..n {
        let x = sequence.uniform();
        assert!((0.0..1.0).contains(&x));
        mean += x / f64::from(n);
        square += x * x / f64::from(n);
        let y = sequence.normal();
        normal_mean += y / f64::from(n);
        normal_square += y * y / f64::from(n);
    }
    assert!((mean - 0.5).abs() < 0.005 && (square - 1.0 / 3.0).abs() < 0.005);
    assert!(normal_mean.abs() < 0.015 && (normal_square - 1.0).abs() < 0.02);
}

#[test]
fn integers_stay_below_their_bound_and_reach_every_value() {
    let mut sequence = Key { seed: 3, stream: 0 }.sequence();
    let mut counts = [0; 7];
    for _ in 0..7000 {
        counts[sequence.below(7) as usize] += 1;
    }
    assert!(counts.iter().all(|&count| (850..1150).contains(&count)), "{counts:?}");
    assert_eq!(sequence.below(1), 0);
    assert_eq!(sequence.below(0), 0);
    assert!(sequence.below(u64::MAX) < u64::MAX);
}

#[test]
fn permutations_hold_every_index_once() {
    let mut order = Key { seed: 5, stream: 0 }.sequence().permutation(100);
    assert_ne!(order, (0..100).collect::<Vec<_>>());
    order.sort_unstable();
    assert_eq!(order, (0..100).collect::<Vec<_>>());
    assert!(Key { seed: 5, stream: 0 }.sequence().permutation(0).is_empty());
}
