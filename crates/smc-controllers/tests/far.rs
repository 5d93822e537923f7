//! Two surfaces in one: near upright the first, far from it the second, and no jump between.

mod rig;

use dip_dynamics::{Integrator, State};
use proptest::prelude::*;
use smc_controllers::{
    Classical, ClassicalSpec, Controller, EquivalentControl, Pole, Sample, ScheduledSurface,
    SurfaceDesign,
};

use rig::{DT, U_MAX, UNLIMITED, classical, linear, plant, plausible_state};

const WIDTH: f64 = 0.4;

fn near() -> [Pole; 5] {
    [-9.0, -6.0, -4.0, -3.0, -1.0].map(Pole::from)
}

/// Slow poles.
fn far() -> [Pole; 5] {
    [-8.0, -4.5, -1.0, -0.6, -0.4].map(Pole::from)
}

fn scheduled(width: f64) -> SurfaceDesign {
    SurfaceDesign::Scheduled(ScheduledSurface { near: near(), far: far(), width })
}

fn spec(equivalent: EquivalentControl) -> ClassicalSpec {
    ClassicalSpec { surface: scheduled(WIDTH), ..classical(equivalent) }
}

fn law(equivalent: EquivalentControl) -> Classical {
    spec(equivalent).build(&linear(), UNLIMITED).unwrap()
}

fn row(poles: &[Pole; 5]) -> [f64; 6] {
    SurfaceDesign::Poles(*poles).design(&linear()).unwrap().s.into()
}

fn dot(s: &[f64; 6], state: &State) -> f64 {
    s.iter().zip(state.to_array()).map(|(s, x)| s * x).sum()
}

fn sigma(law: &Classical, state: &State) -> f64 {
    let model = plant().evaluate(state);
    let sample = Sample { state, model: Some(&model), dt: DT };
    law.control(&mut law.initial_memory(), &sample).sigma.unwrap()
}

fn scaled(state: &State, factor: f64) -> State {
    State::from_array(state.to_array().map(|x| factor * x))
}

proptest! {
    #[test]
    fn sigma_is_of_the_one_near_and_of_the_other_far(
        state in plausible_state(),
        scale in 1e-3..2.0_f64,
    ) {
        let state = scaled(&state, scale);
        let (n, f) = (dot(&row(&near()), &state), dot(&row(&far()), &state));
        let expected = if (n - f).abs() < WIDTH { n } else { f + WIDTH.copysign(n - f) };
        let found = sigma(&law(EquivalentControl::Linear), &state);
        // Six products and as many sums, of terms of this size.
        let size: f64 = row(&near()).iter().zip(state.to_array()).map(|(s, x)| (s * x).abs()).sum();
        prop_assert!((found - expected).abs() <= 1e-13 * (1.0 + size), "{found} {expected}");
    }

    /// Where one surface gives way to the other `σ` has no jump, and neither has the force of a law
    /// without an equivalent control.
    #[test]
    fn there_is_no_jump_on_the_way(state in plausible_state()) {
        let difference = dot(&row(&near()), &state) - dot(&row(&far()), &state);
        prop_assume!(difference.abs() > 1e-3);
        let border = WIDTH / difference.abs();
        let law = law(EquivalentControl::None);
        let [inside, outside] = [1.0 - 1e-9, 1.0 + 1e-9].map(|factor| {
            sigma(&law, &scaled(&state, border * factor))
        });
        let size: f64 = state.to_array().iter().map(|x| x.abs()).sum::<f64>() * border;
        // `s` is at most some hundred, and the two states are 2e-9 apart.
        prop_assert!((inside - outside).abs() < 1e-6 * (1.0 + size), "{inside} {outside}");
    }

    /// With the full model `σ` gets the rate that the law asks for on both sides: the drift and `β`
    /// are those of the surface that counts.
    #[test]
    fn sigma_gets_its_rate_on_both_sides(state in plausible_state(), scale in 1e-2..1.0_f64) {
        let state = scaled(&state, scale);
        let law = law(EquivalentControl::Full);
        let here = plant().evaluate(&state);
        let sample = Sample { state: &state, model: Some(&here), dt: DT };
        let command = law.control(&mut law.initial_memory(), &sample);
        prop_assume!(!command.guarded);
        // By finite differences of σ along the motion of the true plant.
        let after = |dt: f64| {
            let next = Integrator::Rk4.step(&plant(), &state, &here, command.u, None, dt);
            sigma(&law, &next)
        };
        let dt = 1e-7;
        let sigma = command.sigma.unwrap();
        let [ahead, behind] = [after(dt), after(-dt)];
        // The central difference is meaningless across the border.
        let is_near = |state: &State| {
            (dot(&row(&near()), state) - dot(&row(&far()), state)).abs() < WIDTH
        };
        let along = [-2.0, 2.0].map(|k| {
            Integrator::Rk4.step(&plant(), &state, &here, command.u, None, k * dt)
        });
        prop_assume!(along.iter().all(|next| is_near(next) == is_near(&state)));
        let rate = (ahead - behind) / (2.0 * dt);
        let ClassicalSpec { k, kd, .. } = spec(EquivalentControl::Full);
        let wanted = -(k * (sigma / rig::LAYER).clamp(-1.0, 1.0) + kd * sigma);
        // Rounding of σ over 2·dt, and the curvature of the motion over dt.
        let size = 1.0 + sigma.abs() + command.u.abs();
        prop_assert!((rate - wanted).abs() < 1e-4 * size, "{rate} instead of {wanted}");
    }
}

#[test]
fn the_design_tells_both_sides() {
    let surface = scheduled(WIDTH).design(&linear()).unwrap();
    let other = surface.far.unwrap();
    assert_eq!(<[f64; 6]>::from(surface.s), row(&near()));
    assert_eq!(<[f64; 6]>::from(other.s), row(&far()));
    assert_eq!(other.width, WIDTH);
    for (found, chosen) in [(surface.sliding_poles, near()), (other.sliding_poles, far())] {
        for (found, chosen) in found.iter().zip(chosen) {
            // Some 1e2 of conditioning on rounding.
            assert!((found.re - chosen.re).abs() < 1e-9 && found.im.abs() < 1e-9, "{found}");
        }
    }
    let b = linear().b;
    assert!(((surface.s * b)[0] - (other.s * b)[0]).abs() < 1e-12, "the force moves both alike");
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let unstable = SurfaceDesign::Scheduled(ScheduledSurface {
        near: near(),
        far: [-1.0, -2.0, -3.0, -4.0, 5.0].map(Pole::from),
        width: 1.0,
    });
    for (surface, message) in [
        (scheduled(0.0), "surface: width = 0: must be finite and greater than 0"),
        (scheduled(f64::NAN), "surface: width = NaN: must be finite and greater than 0"),
        (
            unstable,
            "surface: poles: 5.0000: the real part must be finite and less than -1e-6 rad/s",
        ),
    ] {
        let spec = ClassicalSpec { surface, ..spec(EquivalentControl::Full) };
        assert_eq!(spec.build(&linear(), U_MAX).unwrap_err().to_string(), message);
    }
}

/// What it is for: with the force limited, fast poles alone let fall what slow ones hold; together
/// they hold it, and settle the angles of a small start faster than the slow ones.
#[test]
fn it_is_as_wide_as_the_one_and_as_fast_as_the_other() {
    let run = |spec: ClassicalSpec, theta: [f64; 2]| {
        let law = spec.build(&linear(), U_MAX).unwrap();
        let (plant, mut memory) = (plant(), law.initial_memory());
        let mut state = State { theta1: theta[0], theta2: theta[1], ..State::UPRIGHT };
        let mut settled = 0.0;
        for k in 0..10_000_u32 {
            let here = plant.evaluate(&state);
            let sample = Sample { state: &state, model: Some(&here), dt: DT };
            let u = law.control(&mut memory, &sample).u;
            state = Integrator::Rk4.step(&plant, &state, &here, u, None, DT);
            let angle = state.theta1.abs().max(state.theta2.abs());
            if angle > 0.01 {
                settled = f64::from(k + 1) * DT;
            }
            if angle.is_nan() || angle > 1.5 {
                return None;
            }
        }
        Some(settled)
    };
    let base = ClassicalSpec { k: 100.0, kd: 60.0, ..classical(EquivalentControl::None) };
    let fast = ClassicalSpec { surface: SurfaceDesign::Poles(near()), ..base };
    let slow = ClassicalSpec { surface: SurfaceDesign::Poles(far()), ..base };
    let both = ClassicalSpec { surface: scheduled(0.3), ..base };
    let (large, small) = ([0.42, -0.05], [0.05, -0.03]);
    assert_eq!(run(fast, large), None);
    assert!(run(slow, large).is_some() && run(both, large).is_some());
    let [fast, slow, both] = [fast, slow, both].map(|spec| run(spec, small).unwrap());
    assert!(both < slow - 0.5 && (both - fast).abs() < 0.2, "{fast} {slow} {both}");
}
