//! A pack of lanes computes in each lane what a scalar computes alone: the same bits, for every
//! operation, special values included.

use dip_dynamics::{
    Drag, DryFriction, DryJoint, InstructionSet, Integrator, Kernel, LaneMask, Lanes, Mask,
    Parameters, Plant, Real, Splat, State,
};
use proptest::prelude::*;

/// Results have the same bits, whichever instruction set computed them.
fn same_in_all<K, T: PartialEq + core::fmt::Debug>(kernel: K)
where
    K: Kernel<Output = Vec<T>> + Copy,
{
    let expected = InstructionSet::Scalar.run(kernel);
    for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
        let results = set.run(kernel);
        assert_eq!(results.len(), expected.len());
        for (i, (result, expected)) in results.iter().zip(&expected).enumerate() {
            assert_eq!(result, expected, "{set}, number {i}");
        }
    }
}

/// Everything that a number can do, with each pair of operands.
#[derive(Clone, Copy)]
struct Operations<'a>(&'a [(f64, f64)]);

impl Kernel for Operations<'_> {
    type Output = Vec<[(&'static str, u64); 24]>;

    #[inline(always)]
    fn run<R: Lanes>(self) -> Self::Output {
        let Self(operands) = self;
        let mut results = Vec::new();
        for first in (0..operands.len()).step_by(R::COUNT) {
            // The last pack goes round.
            let operand = |lane: usize| operands[(first + lane) % operands.len()];
            let (a, b) = (R::from_lanes(|i| operand(i).0), R::from_lanes(|i| operand(i).1));
            let one_where = |mask| R::select(mask, R::splat(1.0), R::splat(0.0));
            let (sin, cos) = a.sin_cos();
            let (mut sum, mut rest) = (a, a);
            sum += b;
            rest -= b;
            let values = [
                ("a", a),
                ("a + b", a + b),
                ("a − b", a - b),
                ("a · b", a * b),
                ("a / b", a / b),
                ("−a", -a),
                ("√|a|", a.abs().sqrt()),
                ("min", a.min(b)),
                ("max", a.max(b)),
                ("clamp", a.clamp(R::splat(-1.0), R::splat(2.0))),
                ("sin", sin),
                ("cos", cos),
                ("tanh", a.tanh()),
                ("|a|^b", a.abs().powf(b)),
                ("round", a.round()),
                ("a < b", one_where(a.lt(b))),
                ("a ≤ b", one_where(a.le(b))),
                ("not", one_where(!a.lt(b))),
                ("and", one_where(a.lt(b) & b.lt(a.abs()))),
                ("or", one_where(a.lt(b) | b.lt(a.abs()))),
                ("finite", one_where(a.is_finite())),
                ("select", R::select(a.lt(b), b, a)),
                ("sum", sum),
                ("rest", rest),
            ];
            for lane in 0..R::COUNT.min(operands.len() - first) {
                results.push(values.map(|(name, value)| (name, canonical(value.lane(lane)))));
            }
        }
        results
    }
}

/// The bits; which NaN it is, is not promised.
fn canonical(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

#[test]
fn special_values() {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.5,
        2.5,
        f64::MIN_POSITIVE,
        -5e-324,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        core::f64::consts::FRAC_PI_4,
        core::f64::consts::FRAC_PI_4.next_up(),
        -1e5,
    ];
    let pairs: Vec<(f64, f64)> =
        special.iter().flat_map(|&a| special.iter().map(move |&b| (a, b))).collect();
    same_in_all(Operations(&pairs));
}

proptest! {
    #[test]
    fn any_values(pairs in prop::collection::vec((any::<f64>(), any::<f64>()), 1..70)) {
        same_in_all(Operations(&pairs));
    }

    #[test]
    fn angles(pairs in prop::collection::vec((-100.0..100.0, -2.0..2.0), 1..70)) {
        same_in_all(Operations(&pairs));
    }
}

/// Masks, looked at as bits and made of them.
#[derive(Clone, Copy)]
struct Masks;

impl Kernel for Masks {
    type Output = Vec<bool>;

    #[inline(always)]
    fn run<R: Lanes>(self) -> Vec<bool> {
        let mask = |bits| <R as Real>::Mask::from_bits(bits);
        let all = u64::MAX >> (64 - R::COUNT);
        assert_eq!(mask(u64::MAX).bits(), all);
        assert_eq!(<R as Real>::Mask::splat(true).bits(), all);
        assert_eq!(<R as Real>::Mask::splat(false).bits(), 0);
        for lane in 0..R::COUNT {
            let one = mask(1 << lane);
            assert_eq!(one.bits(), 1 << lane);
            assert_eq!((one.any(), one.all()), (true, R::COUNT == 1));
            assert_eq!(((!one).any(), (!one).all()), (R::COUNT > 1, false));
            let mut numbers = R::from_lanes(|i| i as f64);
            (-1.0).put::<R>(one, &mut numbers);
            for i in 0..R::COUNT {
                assert_eq!(numbers.lane(i), if i == lane { -1.0 } else { i as f64 });
            }
        }
        vec![mask(0).any(), mask(0).all(), mask(all).all()]
    }
}

#[test]
fn masks_are_bits() {
    assert_eq!(InstructionSet::Scalar.run(Masks), [false, false, true]);
    same_in_all(Masks);
}

/// A hundred steps of plants that differ from lane to lane. Some are slow, some turn faster in a step than
/// polynomials of small turns allow, and some are pushed so hard that they do so from stage to stage.
#[derive(Clone, Copy)]
struct Motion {
    integrator: Integrator,
    lossy: bool,
}

const PLANTS: usize = 23;

impl Motion {
    fn plant(self, number: usize) -> Plant {
        let mut parameters = Parameters { m1: 0.1 + 0.02 * number as f64, ..Parameters::default() };
        if self.lossy {
            let joint = DryJoint { coulomb: 0.2, breakaway: 0.3, ..DryJoint::NONE };
            parameters.friction = DryFriction { cart: joint, ..DryFriction::NONE };
            parameters.drag = Drag { rod1: 0.01 * number as f64 + 0.001, ..Drag::NONE };
        }
        Plant::new(&parameters).unwrap()
    }
}

impl Kernel for Motion {
    type Output = Vec<[u64; 6]>;

    #[inline(always)]
    fn run<R: Lanes>(self) -> Self::Output {
        let mut results = Vec::new();
        for first in (0..PLANTS).step_by(R::COUNT) {
            let mut plant = self.plant(first).splat::<R>();
            for lane in 1..R::COUNT {
                self.plant(first + lane)
                    .put::<R>(<R as Real>::Mask::from_bits(1 << lane), &mut plant);
            }
            let angle = R::from_lanes(|lane| 0.3 * (first + lane) as f64);
            let theta2_dot = R::from_lanes(|lane| 3.0 * (first + lane) as f64);
            let mut state = State { theta1: angle, theta2_dot, ..State::UPRIGHT.splat::<R>() };
            let u = R::from_lanes(|lane| if (first + lane) % 5 == 4 { 5e3 } else { 1.0 });
            let w = self.lossy.then_some([R::splat(0.1); 3]);
            for _ in 0..100 {
                let here = plant.evaluate(&state);
                state = self.integrator.step(&plant, &state, &here, u, w, R::splat(1e-3));
            }
            for lane in 0..R::COUNT.min(PLANTS - first) {
                results.push(state.to_array().map(|component| component.lane(lane).to_bits()));
            }
        }
        results
    }
}

#[test]
fn plants_of_their_own_move_as_they_move_alone() {
    for integrator in [Integrator::Rk4, Integrator::SemiImplicitEuler] {
        for lossy in [false, true] {
            same_in_all(Motion { integrator, lossy });
        }
    }
}

#[test]
#[should_panic(expected = "a part that one lane has and another has not")]
fn lanes_differ_in_numbers_only() {
    let (plain, lossy) = (Motion { integrator: Integrator::Rk4, lossy: false }, true);
    let mut lanes = plain.plant(0).splat::<f64>();
    Motion { lossy, ..plain }.plant(0).put::<f64>(true, &mut lanes);
}

/// The closed form in single precision stays as near to double as its digits allow.
#[test]
fn single_precision_moves_as_double_does_to_its_digits() {
    let plant = Plant::new(&Parameters::default()).unwrap();
    let start = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
    let (mut double, mut single) = (start, start.splat::<f32>());
    for _ in 0..500 {
        let here = plant.evaluate(&double);
        double = Integrator::Rk4.step(&plant, &double, &here, 1.0, None, 1e-3);
        let plant = plant.splat::<f32>();
        let here = plant.evaluate(&single);
        single = Integrator::Rk4.step(&plant, &single, &here, 1.0, None, 1e-3);
    }
    for (single, double) in single.to_array().into_iter().zip(double.to_array()) {
        // 500 steps, each rounded to 2⁻²⁴ of values of order 10, which the fall magnifies some ten
        // times: e^(8·0.5) at most.
        let tolerance = 500.0 * 10.0 * 2.0_f64.powi(-24) * (8.0_f64 * 0.5).exp().sqrt();
        assert!((f64::from(single) - double).abs() < tolerance, "{single} {double}");
        assert!(f64::from(single) != double, "it is not double precision");
    }
}
