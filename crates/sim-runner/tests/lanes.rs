//! The parts of a world take any number: two lanes at once give each the bits that it has alone.

use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Neg, Not, Sub, SubAssign};

use dip_dynamics::{Mask, Real, State};
use sim_runner::{
    Actuator, Coordinate, Disturbance, Drive, Loads, NoiseSource, RandomNoise, Sensing, Sensors,
    Shape, Velocities,
};

/// Two numbers side by side: the smallest pack.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair([f64; 2]);

#[derive(Debug, Clone, Copy)]
struct PairMask([bool; 2]);

impl Pair {
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(f))
    }

    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self([f(self.0[0], other.0[0]), f(self.0[1], other.0[1])])
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),*) => {$(
        impl $trait for Pair {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.zip(other, $trait::$method)
            }
        }
    )*};
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Pair {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl AddAssign for Pair {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Pair {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl BitAnd for PairMask {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }
}

impl BitOr for PairMask {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

impl Not for PairMask {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.map(|a| !a))
    }
}

impl Mask for PairMask {
    fn splat(value: bool) -> Self {
        Self([value; 2])
    }
}

impl Real for Pair {
    type Mask = PairMask;

    fn splat(value: f64) -> Self {
        Self([value; 2])
    }

    fn lt(self, other: Self) -> PairMask {
        PairMask([self.0[0] < other.0[0], self.0[1] < other.0[1]])
    }

    fn select(mask: PairMask, then: Self, otherwise: Self) -> Self {
        Self(core::array::from_fn(|i| if mask.0[i] { then.0[i] } else { otherwise.0[i] }))
    }

    fn sqrt(self) -> Self {
        self.map(Real::sqrt)
    }

    fn abs(self) -> Self {
        self.map(Real::abs)
    }

    fn sin_cos(self) -> (Self, Self) {
        (self.map(|a| Real::sin_cos(a).0), self.map(|a| Real::sin_cos(a).1))
    }

    fn tanh(self) -> Self {
        self.map(Real::tanh)
    }

    fn powf(self, exponent: f64) -> Self {
        self.map(|a| Real::powf(a, exponent))
    }

    fn round(self) -> Self {
        self.map(Real::round)
    }
}

/// Each lane its own stream.
struct PairNoise([RandomNoise; 2]);

impl NoiseSource<Pair> for PairNoise {
    fn normal(&mut self) -> Pair {
        Pair(self.0.each_mut().map(NoiseSource::normal))
    }

    fn uniform(&mut self) -> Pair {
        Pair(self.0.each_mut().map(NoiseSource::uniform))
    }
}

fn noises(stream: u64) -> PairNoise {
    PairNoise([RandomNoise::new(1, stream), RandomNoise::new(2, stream)])
}

/// Something different in each lane and at each step.
fn signal(k: u32) -> Pair {
    Pair([f64::from(k).sin() * 30.0, (0.3 * f64::from(k)).cos() * 40.0])
}

#[test]
fn a_drive_keeps_its_lanes_apart() {
    let actuator = Actuator {
        u_max: 25.0,
        rate_max: Some(9000.0),
        time_constant: 2e-3,
        dead_zone: 1.5,
        delay: 3e-3,
    };
    let drive = Drive::new(&actuator, 1e-3).unwrap();
    let (mut both, mut alone) = (drive.memory::<Pair>(), [0, 1].map(|_| drive.memory::<f64>()));
    for k in 0..200 {
        let Pair(forces) = drive.step(&mut both, drive.limit(signal(k)));
        for i in 0..2 {
            let expected = drive.step(&mut alone[i], drive.limit(signal(k).0[i]));
            assert_eq!(forces[i].to_bits(), expected.to_bits(), "{k}, lane {i}");
        }
    }
}

#[test]
fn sensors_keep_their_lanes_apart() {
    let numbers = |scale: f64| State::from_array([scale, scale, scale, 0.0, 0.0, 0.0]);
    let sensors = Sensors {
        delay: 2e-3,
        dropout: 0.3,
        velocities: Velocities::FilteredDifferences { time_constant: 5e-3 },
        noise: numbers(0.1),
        quantum: numbers(0.02),
        bias: numbers(-0.5),
    };
    let sensing = Sensing::new(&sensors, 1e-3, 1e-3).unwrap();
    let state = |k: u32| State::from_array([3, 5, 7, 11, 13, 17].map(|n| signal(n * k)));
    let lane = |state: State<Pair>, i: usize| State::from_array(state.to_array().map(|p| p.0[i]));
    let (mut both, mut alone) = (sensing.memory(), [0, 1].map(|_| sensing.memory()));
    both.reset(state(0));
    (0..2).for_each(|i| alone[i].reset(lane(state(0), i)));
    let (mut noise, mut losses) = (noises(1), noises(2));
    let (PairNoise(mut noise_alone), PairNoise(mut losses_alone)) = (noises(1), noises(2));
    for k in 0..200 {
        let told = sensing.measure(&mut both, &state(k), &mut noise, &mut losses);
        for i in 0..2 {
            let (noise, losses) = (&mut noise_alone[i], &mut losses_alone[i]);
            let expected = sensing.measure(&mut alone[i], &lane(state(k), i), noise, losses);
            let bits = |state: State| state.to_array().map(f64::to_bits);
            assert_eq!(bits(lane(told, i)), bits(expected), "{k}, lane {i}");
        }
    }
}

#[test]
fn loads_keep_their_lanes_apart() {
    let disturbances = [
        Shape::Step { at: 0.05, value: 1.0 },
        Shape::Impulse { at: 0.0105, duration: 0.02, value: 3.0 },
        Shape::Sinusoid { amplitude: 2.0, frequency: 7.0, phase: 0.5 },
        Shape::Noise { std: 0.5, time_constant: 0.01 },
        Shape::Noise { std: 0.2, time_constant: 0.0 },
    ]
    .map(|shape| Disturbance { on: Coordinate::Rod1, shape });
    let loads = Loads::new(&disturbances, 1e-3).unwrap();
    let (mut both, mut alone) = (loads.memory::<Pair>(), [0, 1].map(|_| loads.memory::<f64>()));
    let (mut noise, PairNoise(mut noise_alone)) = (noises(3), noises(3));
    for k in 0..200 {
        let w = loads.step(&mut both, &mut noise);
        for i in 0..2 {
            let expected = loads.step(&mut alone[i], &mut noise_alone[i]);
            assert_eq!(w.map(|force| force.0[i]), expected, "{k}, lane {i}");
        }
    }
}
