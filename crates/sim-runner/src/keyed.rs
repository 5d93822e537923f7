//! A keyed hash, and with it a keyed permutation: random order that is computed for one place alone.
//!
//! Integers only: the same on every machine. Validated by its own tests.

/// An odd constant: ⌊2⁶⁴/φ⌋.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// 64 bits that look random, of a key and a value.
///
/// # Source: the finaliser of `SplitMix64`, Steele, Lea and Flood (2014), Fast splittable pseudorandom
/// number generators; its constants are Stafford's variant 13.
pub(crate) fn hash(key: u64, value: u64) -> u64 {
    mix(key ^ mix(value.wrapping_add(GOLDEN)))
}

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Rounds of the Feistel network; four make it pseudorandom (Luby and Rackoff 1988), small domains
/// want more.
const ROUNDS: u64 = 8;

/// Where a random permutation of `0..count` takes `index`, which has to be below `count`.
///
/// A Feistel network permutes the numbers of an even number of bits; it is applied again until the
/// result is below `count`, on average less than four times.
///
/// # Source: Black and Rogaway (2002), Ciphers with arbitrary finite domains.
pub(crate) fn permute(index: u64, count: u64, key: u64) -> u64 {
    assert!(index < count, "{index} is not below {count}");
    let half = (u64::BITS - (count - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1 << half) - 1;
    let mut place = index;
    loop {
        let (mut left, mut right) = (place >> half, place & mask);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (hash(hash(key, round), right) & mask));
        }
        place = (left << half) | right;
        if place < count {
            return place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::permute;

    #[test]
    fn every_place_is_taken_once() {
        for count in [1, 2, 3, 4, 5, 16, 17, 100, 1000, 4097] {
            for key in 0..5 {
                let mut places: Vec<u64> = (0..count).map(|i| permute(i, count, key)).collect();
                places.sort_unstable();
                assert!(places.into_iter().eq(0..count), "{count}, key {key}");
            }
        }
        // Too many to list: all that is asked of them is that they are in range.
        for index in [0, 1, 12_345, u64::MAX - 1] {
            assert!(permute(index, u64::MAX, 3) < u64::MAX);
        }
    }

    /// The places of the first two of five, over 20,000 keys: χ² over the 20 ordered pairs has 19
    /// degrees of freedom, and exceeds 43.8 once in a thousand; the keys are fixed.
    #[test]
    fn all_orders_are_as_likely() {
        let mut seen = [[0_u32; 5]; 5];
        for key in 0..20_000 {
            let [first, second] = [0, 1].map(|i| usize::try_from(permute(i, 5, key)).unwrap());
            seen[first][second] += 1;
        }
        let mut chi_squared = 0.0;
        for (first, row) in seen.iter().enumerate() {
            for (second, &count) in row.iter().enumerate() {
                if first == second {
                    assert_eq!(count, 0);
                } else {
                    chi_squared += (f64::from(count) - 1000.0).powi(2) / 1000.0;
                }
            }
        }
        assert!(chi_squared < 43.8, "{chi_squared}");
    }
}
