//! Rods that can be, and that nobody builds: mostly a number that means something else.
//!
//! It refuses nothing; [`Parameters::check`] does. Validated by `tests/odd_rods.rs`.

use crate::parameters::Parameters;

/// A parameter of a rod that its mass and length make unlikely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OddRod {
    /// The centre of mass lies beyond the end of the rod.
    CentreBeyondEnd {
        /// 1 or 2.
        rod: usize,
        /// Distance of the centre of mass from the pivot in m.
        c: f64,
        /// Length of the rod in m.
        l: f64,
    },
    /// More inertia about the centre of mass than half of the mass at either end has.
    InertiaTooLarge {
        /// 1 or 2.
        rod: usize,
        /// Inertia about the centre of mass in kg·m².
        i: f64,
        /// `m·l²/4`, in kg·m²: that of half of the mass at either end.
        most: f64,
        /// `i − m·c²`, in kg·m²: what `i` would be, were it about the pivot; if that can be.
        from_pivot: Option<f64>,
    },
}

/// Rods are no lines: they have some thickness, and reach beyond their joints. Well below the 4/3 of
/// a uniform rod whose inertia is taken about its end.
const SHAPE: f64 = 1.2;

impl Parameters {
    /// What is odd about the rods.
    pub fn odd_rods(&self) -> impl Iterator<Item = OddRod> + use<> {
        let rods = [
            (1, self.m1, self.l1, self.c1, self.i1), //
            (2, self.m2, self.l2, self.c2, self.i2),
        ];
        rods.into_iter().flat_map(|(rod, m, l, c, i)| {
            let most = m * l * l / 4.0;
            let from_pivot = Some(i - m * c * c).filter(|i| (0.0..=SHAPE * most).contains(i));
            let centre = (c > l).then_some(OddRod::CentreBeyondEnd { rod, c, l });
            let inertia =
                (i > SHAPE * most).then_some(OddRod::InertiaTooLarge { rod, i, most, from_pivot });
            centre.into_iter().chain(inertia)
        })
    }
}
