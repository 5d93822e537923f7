//! The plant, the surface and the laws that the tests of this crate share: numbers of their own, so
//! that no test depends on the shipped ones.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::LazyLock;

use dip_dynamics::{Linearisation, Parameters, Plant, State};
use proptest::prelude::*;
use smc_controllers::{
    AdaptiveMemory, AdaptiveSpec, AnyController, AnyMemory, ClassicalMemory, ClassicalSpec,
    Command, ConditionalHybridMemory, ConditionalHybridSpec, Controller, ControllerSpec,
    EquivalentControl, HybridMemory, HybridSpec, IntegralMemory, IntegralSpec, Kind,
    LqrIntegralMemory, LqrIntegralSpec, LqrSpec, Sample, SuperTwistingMemory, SuperTwistingSpec,
    SurfaceDesign, Switching, Weights,
};

pub(crate) const DT: f64 = 1e-3;
pub(crate) const U_MAX: f64 = 150.0;
/// An actuator that nothing here reaches.
pub(crate) const UNLIMITED: f64 = 1e12;
pub(crate) const WEIGHTS: Weights = Weights { q: [10.0, 100.0, 100.0, 1.0, 10.0, 10.0], r: 0.1 };
pub(crate) const SURFACE: SurfaceDesign = SurfaceDesign::Lqr(WEIGHTS);
/// The thickest boundary layer of these laws in N·s.
pub(crate) const LAYER: f64 = 0.05;

pub(crate) const EQUIVALENTS: [EquivalentControl; 4] = [
    EquivalentControl::Full,
    EquivalentControl::Faded,
    EquivalentControl::Linear,
    EquivalentControl::None,
];

pub(crate) fn plant() -> Plant {
    Plant::new(&Parameters::default()).unwrap()
}

pub(crate) fn linear() -> Linearisation {
    static LINEAR: LazyLock<Linearisation> =
        LazyLock::new(|| plant().linearise(&State::UPRIGHT, 0.0));
    *LINEAR
}

/// The coefficients of the surface.
pub(crate) fn surface() -> [f64; 6] {
    static S: LazyLock<[f64; 6]> = LazyLock::new(|| SURFACE.design(&linear()).unwrap().s.into());
    *S
}

pub(crate) fn classical(equivalent: EquivalentControl) -> ClassicalSpec {
    ClassicalSpec {
        surface: SURFACE,
        equivalent,
        switching: Switching::saturation(LAYER),
        k: 5.0,
        kd: 10.0,
        kp: 0.0,
        exponent: 0.5,
    }
}

pub(crate) fn super_twisting(equivalent: EquivalentControl) -> SuperTwistingSpec {
    SuperTwistingSpec {
        surface: SURFACE,
        equivalent,
        switching: Switching::saturation(0.01),
        k1: 10.0,
        k2: 20.0,
        anti_windup: 10.0,
        disturbance_rate: 0.0,
    }
}

pub(crate) fn adaptive(equivalent: EquivalentControl) -> AdaptiveSpec {
    AdaptiveSpec {
        surface: SURFACE,
        equivalent,
        switching: Switching::saturation(LAYER),
        gamma: 500.0,
        alpha: 10.0,
        k_init: 5.0,
        k_min: 1.0,
        k_max: 20.0,
        leak: 2.0,
        rate_max: 300.0,
        dead_zone: 0.01,
    }
}

pub(crate) fn hybrid(equivalent: EquivalentControl) -> HybridSpec {
    HybridSpec {
        surface: SURFACE,
        equivalent,
        switching: Switching::saturation(0.01),
        k1_init: 10.0,
        k2_init: 20.0,
        gamma1: 300.0,
        gamma2: 900.0,
        k1_max: 40.0,
        k2_max: 60.0,
        leak: 2.0,
        rate1_max: 250.0,
        rate2_max: 600.0,
        dead_zone: 0.01,
        u_int_max: 8.0,
        anti_windup: 10.0,
    }
}

pub(crate) fn integral(equivalent: EquivalentControl) -> IntegralSpec {
    IntegralSpec {
        weights: WEIGHTS,
        equivalent,
        switching: Switching::saturation(LAYER),
        k: 10.0,
        kd: 10.0,
    }
}

/// With the first-order part of [`adaptive`].
pub(crate) fn conditional_hybrid(equivalent: EquivalentControl) -> ConditionalHybridSpec {
    ConditionalHybridSpec {
        surface: SURFACE,
        equivalent,
        switching: Switching::saturation(LAYER),
        gamma: 500.0,
        alpha: 10.0,
        k1: 8.0,
        k2: 30.0,
        k_init: 5.0,
        k_min: 1.0,
        k_max: 20.0,
        leak: 2.0,
        rate_max: 300.0,
        dead_zone: 0.01,
        near: 0.2,
        grip_min: 0.8,
        z_max: 6.0,
        anti_windup: 10.0,
    }
}

/// Every law with the numbers of this file, in the order of [`Kind::ALL`].
pub(crate) fn laws(equivalent: EquivalentControl) -> [ControllerSpec; Kind::ALL.len()] {
    [
        ControllerSpec::Classical(classical(equivalent)),
        ControllerSpec::SuperTwisting(super_twisting(equivalent)),
        ControllerSpec::Adaptive(adaptive(equivalent)),
        ControllerSpec::Hybrid(hybrid(equivalent)),
        ControllerSpec::Integral(integral(equivalent)),
        ControllerSpec::ConditionalHybrid(conditional_hybrid(equivalent)),
        ControllerSpec::Lqr(LqrSpec { weights: WEIGHTS }),
        ControllerSpec::LqrIntegral(LqrIntegralSpec { weights: WEIGHTS, q_integral: 10.0 }),
    ]
}

/// Those laws, built with the limit `U_MAX` or `UNLIMITED`. Each takes a Riccati equation to build, so
/// the property tests share them.
pub(crate) fn built(equivalent: EquivalentControl, u_max: f64) -> [AnyController; Kind::ALL.len()] {
    type Built = [[[AnyController; Kind::ALL.len()]; EQUIVALENTS.len()]; 2];
    static BUILT: LazyLock<Built> = LazyLock::new(|| {
        [U_MAX, UNLIMITED].map(|u_max| {
            EQUIVALENTS
                .map(|equivalent| laws(equivalent).map(|law| law.build(&linear(), u_max).unwrap()))
        })
    });
    BUILT[usize::from(u_max == UNLIMITED)]
        [EQUIVALENTS.iter().position(|&e| e == equivalent).unwrap()]
}

/// A memory that the law could have, or worse.
pub(crate) fn memory(kind: Kind, [a, b, c]: [f64; 3]) -> AnyMemory {
    let sign = (a - b).clamp(-1.0, 1.0);
    match kind {
        Kind::Classical => AnyMemory::Classical(ClassicalMemory { sign }),
        Kind::SuperTwisting => AnyMemory::SuperTwisting(SuperTwistingMemory { z: c, sign }),
        Kind::Adaptive => AnyMemory::Adaptive(AdaptiveMemory { k: a.abs(), sign }),
        Kind::Hybrid => {
            AnyMemory::Hybrid(HybridMemory { k1: a.abs(), k2: b.abs(), u_int: c, sign })
        }
        Kind::Integral => AnyMemory::Integral(IntegralMemory { zeta: c, started: 1.0, sign }),
        Kind::ConditionalHybrid => {
            AnyMemory::ConditionalHybrid(ConditionalHybridMemory { k: a.abs(), z: c, sign })
        }
        Kind::Lqr => AnyMemory::Lqr(()),
        Kind::LqrIntegral => AnyMemory::LqrIntegral(LqrIntegralMemory { xi: c }),
    }
}

/// One sample with the model of the plant.
pub(crate) fn control<C: Controller>(law: &C, memory: &mut C::Memory, state: &State) -> Command {
    let model = plant().evaluate(state);
    law.control(memory, &Sample { state, model: Some(&model), dt: DT })
}

/// `s·x`.
pub(crate) fn sigma(state: &State) -> f64 {
    surface().iter().zip(state.to_array()).map(|(s, x)| s * x).sum()
}

/// `s_v·M⁻¹·e₁`.
pub(crate) fn beta(state: &State) -> f64 {
    let [_, _, _, velocity @ ..] = surface();
    let column = plant().evaluate(state).solve([1.0, 0.0, 0.0]);
    velocity.iter().zip(column).map(|(s, m)| s * m).sum()
}

/// σ̇ under the force `u` by the equations of motion, and the size of its largest terms.
pub(crate) fn sigma_rate(state: &State, u: f64) -> (f64, f64) {
    let [s0, s1, s2, velocity @ ..] = surface();
    let terms = [s0, s1, s2]
        .into_iter()
        .zip(state.qd())
        .chain(velocity.into_iter().zip(plant().acceleration(state, u, None)))
        .map(|(s, rate)| s * rate);
    let free = plant().acceleration(state, 0.0, None);
    let size = velocity.iter().zip(free).map(|(s, a)| (s * a).abs()).sum::<f64>();
    (terms.clone().sum(), size + terms.map(f64::abs).sum::<f64>())
}

/// The state whose `σ` is this (to rounding): only the cart moves.
pub(crate) fn state_with_sigma(sigma: f64) -> State {
    State { x_dot: sigma / surface()[3], ..State::UPRIGHT }
}

pub(crate) fn sat(sigma: f64, epsilon: f64) -> f64 {
    (sigma / epsilon).clamp(-1.0, 1.0)
}

/// Upright within a third of a turn, moving as fast as it ever does.
pub(crate) fn plausible_state() -> impl Strategy<Value = State> {
    (prop::array::uniform3(-2.0..2.0_f64), prop::array::uniform3(-10.0..10.0_f64))
        .prop_map(|(q, qd)| State::new(q, qd))
}

/// Anything that a broken sensor may report in finite numbers, but for the absurd.
pub(crate) fn any_state() -> impl Strategy<Value = State> {
    prop::array::uniform6(prop_oneof![-3.0..3.0_f64, -1e6..1e6_f64]).prop_map(State::from_array)
}

/// Uniform on a logarithmic scale.
pub(crate) fn log_uniform(lower: f64, upper: f64) -> impl Strategy<Value = f64> {
    (lower.log10()..upper.log10()).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// `σ` is the speed of the cart, to the bit, and the law is alone with it: no equivalent control.
pub(crate) const ALONE: SurfaceDesign =
    SurfaceDesign::Coefficients { s: [0.0, 0.0, 0.0, 1.0, 0.0, 0.0], allow_unstable: true };

/// A law on the surface [`ALONE`], and its memory: `σ` goes in, the rate that is asked for comes out.
#[derive(Clone, Copy)]
pub(crate) struct Alone<C: Controller> {
    pub(crate) law: C,
    pub(crate) memory: C::Memory,
}

impl<C: Controller> Alone<C> {
    pub(crate) fn new(law: C) -> Self {
        let memory = law.initial_memory();
        Self { law, memory }
    }

    /// Within two roundings of what the law asked for, because a force is in between.
    pub(crate) fn rate(&mut self, sigma: f64, dt: f64) -> f64 {
        let state = State { x_dot: sigma, ..State::UPRIGHT };
        let command =
            self.law.control(&mut self.memory, &Sample { state: &state, model: None, dt });
        assert!(!command.fault && command.sigma == Some(sigma), "{command:?}");
        command.u_sw * linear().b[3]
    }

    /// `σ̇ = v + w(t)` with everything held over a period: the values of `σ`, and of `v`.
    pub(crate) fn run(
        &mut self,
        mut sigma: f64,
        dt: f64,
        periods: usize,
        mut w: impl FnMut(f64, &C::Memory, f64) -> f64,
    ) -> (Vec<f64>, Vec<f64>) {
        let (mut sigmas, mut rates) = (vec![sigma], Vec::new());
        for i in 0..periods {
            let rate = self.rate(sigma, dt);
            sigma += dt * (rate + w(i as f64 * dt, &self.memory, sigma));
            sigmas.push(sigma);
            rates.push(rate);
        }
        (sigmas, rates)
    }
}

/// `Σ|vᵢ₊₁ − vᵢ|`: chattering.
pub(crate) fn total_variation(values: &[f64]) -> f64 {
    values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum()
}

/// The largest absolute value.
pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Periods of `dt` in some seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number, far below 2⁵³"
)]
pub(crate) fn periods(seconds: f64, dt: f64) -> usize {
    (seconds / dt).round() as usize
}
