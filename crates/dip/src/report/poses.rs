//! The poses of a run: where its cart and rods are, until they have come to rest.
//!
//! What `strip.rs` and `animation.rs` draw. Validated by the tests here.

use super::Data;

/// Poses end where both angles stay within this share of the largest: what follows is too slow to see.
const AT_REST: f64 = 0.2;

/// Of the first run of a directory.
pub(super) struct Poses<'a> {
    /// Who held the pendulum.
    pub(super) name: &'a str,
    /// Of both rods in m.
    pub(super) lengths: [f64; 2],
    /// Time in s, cart in m, angles in rad; at least one.
    pub(super) rows: Vec<[f64; 4]>,
    /// When it has come to rest.
    pub(super) until: f64,
    /// The largest angle.
    pub(super) largest: f64,
    /// The cart's largest distance from the origin.
    pub(super) farthest: f64,
}

impl<'a> Poses<'a> {
    /// None if there is no trajectory, or no experiment to it.
    pub(super) fn of(data: &'a Data) -> Option<Self> {
        let run = data.trajectories.first()?;
        let plant = &data.documents["summary"]["experiment"]["plant"];
        let lengths = [plant["l1"].as_f64()?, plant["l2"].as_f64()?];
        let rows: Vec<[f64; 4]> =
            run.kept.iter().filter_map(|row| Some([row[0]?, row[1]?, row[2]?, row[3]?])).collect();
        let tilt = |[_, _, theta1, theta2]: &[f64; 4]| theta1.abs().max(theta2.abs());
        let largest = rows.iter().map(tilt).fold(0.0, f64::max);
        let last = rows.iter().rposition(|row| tilt(row) >= AT_REST * largest)?;
        let until = rows[last][0];
        let farthest = rows.iter().map(|row| row[1].abs()).fold(0.0, f64::max);
        Some(Self { name: &run.name, lengths, rows, until, largest, farthest })
    }

    /// Did it hang down?
    pub(super) fn hangs(&self) -> bool {
        self.largest > 0.5 * std::f64::consts::PI
    }

    /// Cart and angles at `t`, between two rows in a straight line.
    pub(super) fn at(&self, t: f64) -> [f64; 3] {
        let after = self.rows.partition_point(|row| row[0] <= t).clamp(1, self.rows.len());
        let from = &self.rows[after - 1];
        let to = &self.rows[after.min(self.rows.len() - 1)];
        let span = to[0] - from[0];
        let share = if span > 0.0 { ((t - from[0]) / span).clamp(0.0, 1.0) } else { 0.0 };
        [1, 2, 3].map(|place| from[place] + share * (to[place] - from[place]))
    }
}

#[cfg(test)]
mod tests {
    use super::Poses;

    #[test]
    fn poses_between_rows_are_on_a_straight_line() {
        let rows = vec![[0.0, 0.0, 1.0, -1.0], [2.0, 4.0, 0.0, 0.0]];
        let (lengths, name) = ([1.0; 2], "any");
        let poses = Poses { name, lengths, rows, until: 2.0, largest: 1.0, farthest: 4.0 };
        for (t, expected) in [
            (0.0, [0.0, 1.0, -1.0]),
            (0.5, [1.0, 0.75, -0.75]),
            (2.0, [4.0, 0.0, 0.0]),
            (9.0, [4.0, 0.0, 0.0]),
        ] {
            assert_eq!(poses.at(t), expected, "{t}");
        }
    }
}
