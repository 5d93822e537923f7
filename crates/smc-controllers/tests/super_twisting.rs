//! The theory of super-twisting, held against simulation: `σ̇ = v + φ` with `|φ̇| ≤ L` reaches zero in
//! finite time for the gains of each rule, whoever chooses `φ̇`, and does not below the conditions.
//!
//! The law is alone with its `σ`. What the proofs say of continuous time is looked at with short
//! periods: after reaching, `σ` is of the order of `dt²` and `z + φ` of the order of `dt`.

mod rig;

use proptest::prelude::*;
use smc_controllers::{
    EquivalentControl, Relay, SuperTwisting, SuperTwistingSpec, Switching, TwistingRule,
};

use rig::{
    ALONE, Alone, UNLIMITED, largest, linear, log_uniform, periods, super_twisting, total_variation,
};

const NONE: EquivalentControl = EquivalentControl::None;
const RULES: [TwistingRule; 3] =
    [TwistingRule::Levant, TwistingRule::MorenoOsorio, TwistingRule::SeeberHorn];
const SIGN: Switching = Switching::Sign(Relay { hysteresis: 0.0 });

fn gains(k1: f64, k2: f64) -> SuperTwistingSpec {
    SuperTwistingSpec { k1, k2, anti_windup: 0.0, ..super_twisting(NONE) }
}

fn of_rule(rate: f64, rule: TwistingRule) -> SuperTwistingSpec {
    gains(1.0, 1.0).for_disturbance_rate(rate, rule).unwrap()
}

fn alone(spec: SuperTwistingSpec, switching: Switching) -> Alone<SuperTwisting> {
    let spec = SuperTwistingSpec { surface: ALONE, equivalent: NONE, switching, ..spec };
    Alone::new(spec.build(&linear(), UNLIMITED).unwrap())
}

/// Who chooses the rate of the disturbance, as a share of `L`.
#[derive(Debug, Clone, Copy)]
enum Adversary {
    /// Against the integral where `z + φ` and `σ` have grown apart: the extremal disturbances of the
    /// necessary and sufficient criterion switch on such a curve `z + φ = c·√|σ|·sign(σ)`.
    Extremal {
        c: f64,
    },
    /// With the sign of `σ`.
    Outward,
    Ramp,
    Sine {
        omega: f64,
    },
    Triangle {
        period: f64,
    },
}

const ADVERSARIES: [Adversary; 12] = [
    Adversary::Extremal { c: -2.0 },
    Adversary::Extremal { c: -0.5 },
    Adversary::Extremal { c: 0.0 },
    Adversary::Extremal { c: 0.5 },
    Adversary::Extremal { c: 1.0 },
    Adversary::Extremal { c: 2.0 },
    Adversary::Outward,
    Adversary::Ramp,
    Adversary::Sine { omega: 1.0 },
    Adversary::Sine { omega: 30.0 },
    Adversary::Triangle { period: 0.1 },
    Adversary::Triangle { period: 3.0 },
];

impl Adversary {
    /// `q = z + φ`, both in units in which `L = 1`.
    fn share(self, t: f64, q: f64, sigma: f64) -> f64 {
        match self {
            Self::Extremal { c } => (q - c * sigma.abs().sqrt() * sigma.signum()).signum(),
            Self::Outward => sigma.signum(),
            Self::Ramp => 1.0,
            Self::Sine { omega } => (omega * t).cos(),
            Self::Triangle { period } => {
                if (t / period).fract() < 0.5 {
                    1.0
                } else {
                    -1.0
                }
            }
        }
    }
}

/// The values of `σ` from `σ₀ = 1` under a disturbance that starts at `L/2` and changes by at most `rate`.
fn under(
    adversary: Adversary,
    law: &mut Alone<SuperTwisting>,
    rate: f64,
    dt: f64,
    seconds: f64,
) -> Vec<f64> {
    let mut phi = 0.5 * rate;
    let disturbance = |t: f64, memory: &smc_controllers::SuperTwistingMemory, sigma: f64| {
        let now = phi;
        let share = adversary.share(t, (memory.z + phi) / rate.sqrt(), sigma);
        phi += rate * share * dt;
        now
    };
    law.run(1.0, dt, periods(seconds, dt), disturbance).0
}

#[test]
fn each_rule_gives_its_gains_and_is_proved_for_its_rate() {
    for (rule, k1, k2) in [
        (TwistingRule::Levant, 1.5 * 20.0_f64.sqrt(), 22.0),
        (TwistingRule::MorenoOsorio, 2.0 * 20.0_f64.sqrt(), 77.0),
        (TwistingRule::SeeberHorn, 1.1 * 50.0_f64.sqrt(), 30.0),
    ] {
        let spec = of_rule(20.0, rule);
        assert!((spec.k1 - k1).abs() < 1e-14 * k1 && (spec.k2 - k2).abs() < 1e-14 * k2, "{spec:?}");
        assert_eq!(spec.disturbance_rate, 20.0);
    }
    // k2 > 3L + 2L²/k1²: Moreno and Osorio (2008), theorem 2 with a disturbance of the integral only.
    let spec = of_rule(20.0, TwistingRule::MorenoOsorio);
    assert!(spec.k2 > 3.0 * 20.0 + 2.0 * 400.0 / spec.k1.powi(2));
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = gains(1.0, 1.0).for_disturbance_rate(rate, TwistingRule::Levant).unwrap_err();
        let expected = format!("disturbance_rate = {rate}: must be finite and greater than 0");
        assert_eq!(error.to_string(), expected);
    }
}

proptest! {
    #[test]
    fn each_rule_rejects_what_it_was_asked_to(rate in log_uniform(1e-3, 1e5)) {
        for rule in RULES {
            let spec = of_rule(rate, rule);
            prop_assert!(spec.rejected_rate() > rate, "{rule:?}");
            prop_assert_eq!(spec.warning(), None);
        }
    }

    /// The conditions themselves, on the worst disturbance. In `y = √|σ|` and the
    /// time `τ` with `dt = 2y·dτ` a half-turn is `y' = q − k1·y`, `q' = −2a·y` with `a` in
    /// `[k2 − L, k2 + L]`; whoever wants to be far out at its end has `a` small first and large from
    /// some direction `q = c·y` on. It converges if no half-turn comes back as far out as it began.
    #[test]
    fn the_conditions_make_every_turn_smaller(
        k2 in log_uniform(0.1, 100.0),
        ratio in log_uniform(0.05, 10.0),
        c in -2.0..4.0_f64,
    ) {
        let k1 = (ratio * k2).sqrt();
        let rate = gains(k1, k2).rejected_rate();
        let back = half_turn(k1, k2, rate, c * k1);
        prop_assert!(back < 1.0, "a turn of {back} with {rate}");
    }
}

/// How far out a half-turn that began at `q = 1` comes back; 0 if it never does.
fn half_turn(k1: f64, k2: f64, rate: f64, c: f64) -> f64 {
    let (mut y, mut q) = (0.0_f64, 1.0_f64);
    let mut late = false;
    // Short against both the decay and the turn; Heun's rule is then good to 1e-5.
    let h = 2e-3 / (k1 + (2.0 * (k2 + rate)).sqrt());
    while q.hypot(y) > 1e-6 {
        late |= y > 0.0 && q <= c * y;
        let a = if late { k2 + rate } else { k2 - rate };
        let slope = |y: f64, q: f64| (q - k1 * y, -2.0 * a * y);
        let (y1, q1) = slope(y, q);
        let (y2, q2) = slope(y + h * y1, q + h * q1);
        (y, q) = (y + 0.5 * h * (y1 + y2), q + 0.5 * h * (q1 + q2));
        if y < 0.0 {
            return q.abs();
        }
        // It slides in along an eigenvector: it decays for ever.
        if a < 1e-9 * k2 && y1.abs() + q1.abs() < 1e-9 {
            return 0.0;
        }
    }
    0.0
}

/// Below what is necessary, the worst disturbance makes a turn larger: the two tests above can fail.
#[test]
fn far_below_the_conditions_a_turn_grows() {
    let worst =
        |k1, k2| (-10..40).map(|c| half_turn(k1, k2, 1.0, 0.1 * f64::from(c))).fold(0.0, f64::max);
    // The least k1 for k2 = 1.1·L is 0.99·√L: the `α = 1.1·C`, `λ = √C` of Levant (1998).
    assert!(worst(0.9, 1.1) > 1.0 && worst(1.1, 1.1) < 1.0);
    assert!(gains(0.9, 1.1).rejected_rate() < 1.0);
    assert!(worst(1.5, 1.1) < 0.6, "Levant's has room to spare");
}

#[test]
fn sigma_is_reached_in_finite_time_whoever_disturbs() {
    let (rate, dt) = (4.0, 1e-4);
    for rule in RULES {
        for adversary in ADVERSARIES {
            for switching in [Switching::Implicit, SIGN] {
                let spec = of_rule(rate, rule);
                let sigmas = under(adversary, &mut alone(spec, switching), rate, dt, 12.0);
                let rest = largest(&sigmas[100_000..]);
                // Implicit: what φ changes in a period, times dt. Explicit: z overruns by up to a
                // period's change, dt·(k2 + L), and σ by some periods of that and of k1·√|σ|; the
                // fixed point of σ = dt·k1·√σ is (dt·k1)².
                let bound = match switching {
                    Switching::Implicit => dt * dt * rate * (1.0 + 1e-6) + 1e-14,
                    _ => 10.0 * dt * dt * (spec.k2 + rate + spec.k1 * spec.k1),
                };
                assert!(rest <= bound, "{rule:?} {adversary:?} {switching:?}: {rest:e} {bound:e}");
            }
        }
    }
}

#[test]
fn gains_below_the_conditions_do_not_reach() {
    let (rate, dt) = (4.0, 1e-4);
    // The integral is slower than the disturbance: a ramp is never caught up with.
    let slow = gains(1.5 * 2.0, 0.9 * rate);
    assert!(slow.rejected_rate() < rate);
    let sigmas = under(Adversary::Ramp, &mut alone(slow, SIGN), rate, dt, 12.0);
    // In the end k1·√σ balances z + φ, which has grown by (L − k2)·t.
    let expected = ((rate - slow.k2) * 12.0 / slow.k1).powi(2);
    assert!(sigmas.last().unwrap() / expected > 0.5, "{:?} {expected}", sigmas.last());
    // The integral is fast enough, but the root damps too little for the worst disturbance.
    let loose = gains(0.85 * 2.0, 1.1 * rate);
    assert!(loose.rejected_rate() < rate);
    let worst = ADVERSARIES
        .iter()
        .map(|&adversary| {
            let sigmas = under(adversary, &mut alone(loose, SIGN), rate, dt, 12.0);
            largest(&sigmas[100_000..])
        })
        .fold(0.0, f64::max);
    assert!(worst > 0.1, "{worst}");
}

/// The strict Lyapunov function of Moreno and Osorio (2008): `V = ζᵀ·P·ζ` with `ζ = (√|σ|·sign(σ), q)` and
/// `P = ½·[[4·k2 + k1², −k1], [−k1, 2]]` falls as `V̇ ≤ −γ·√V`, so that zero is reached after at most
/// `2·√V₀/γ`.
#[test]
fn the_reaching_time_is_below_that_of_the_lyapunov_function() {
    let rate = 4.0;
    let SuperTwistingSpec { k1, k2, .. } = of_rule(rate, TwistingRule::MorenoOsorio);
    let p = [[2.0 * k2 + 0.5 * k1 * k1, -0.5 * k1], [-0.5 * k1, 1.0]];
    let v =
        |z: [f64; 2]| p[0][0] * z[0] * z[0] + 2.0 * p[0][1] * z[0] * z[1] + p[1][1] * z[1] * z[1];
    // V̇ and √V have the same degree in ζ: γ is the least of −V̇/√V over all directions.
    let mut gamma = f64::INFINITY;
    for degree in 0..36_000 {
        let (sin, cos) = (f64::from(degree) * 0.01).to_radians().sin_cos();
        for share in [-1.0, 1.0] {
            if cos == 0.0 {
                continue;
            }
            // σ̇ = −k1·ζ₁ + q; the rate of √|σ|·sign(σ) is that over 2·√|σ|.
            let rates = [(-k1 * cos + sin) / (2.0 * cos.abs()), -k2 * cos.signum() + share * rate];
            let v_rate = 2.0
                * (cos * (p[0][0] * rates[0] + p[0][1] * rates[1])
                    + sin * (p[1][0] * rates[0] + p[1][1] * rates[1]));
            gamma = gamma.min(-v_rate / v([cos, sin]).sqrt());
        }
    }
    assert!(gamma > 0.0, "it falls in every direction: {gamma}");

    // `under` starts at σ = 1 with z = 0 and φ = L/2.
    let bound = 2.0 * v([1.0, 0.5 * rate]).sqrt() / gamma;
    let (dt, seconds) = (1e-4, 12.0);
    assert!(bound < 0.8 * seconds, "the bound says something: {bound}");
    for adversary in ADVERSARIES {
        let spec = of_rule(rate, TwistingRule::MorenoOsorio);
        let sigmas = under(adversary, &mut alone(spec, Switching::Implicit), rate, dt, seconds);
        let reached = sigmas.iter().rposition(|sigma| sigma.abs() > 2.0 * dt * dt * rate).unwrap();
        let time = (reached + 1) as f64 * dt;
        assert!(time <= bound, "{adversary:?}: {time} s, the bound is {bound} s");
        assert!(time > 0.1, "{adversary:?}: {time} s from afar");
    }
}

#[test]
fn the_implicit_law_comes_to_rest_exactly_where_the_explicit_one_chatters() {
    for dt in [1e-2, 1e-3, 1e-4] {
        let seconds = 10.0;
        let rest = periods(0.8 * seconds, dt);
        let nominal = |switching| {
            alone(gains(3.0, 5.0), switching).run(1.0, dt, periods(seconds, dt), |_, _, _| 0.0)
        };
        let (sigmas, rates) = nominal(Switching::Implicit);
        assert!(
            sigmas[rest..].iter().all(|&sigma| sigma == 0.0),
            "{dt}: {:?}",
            &sigmas[rest..][..3]
        );
        // Of a rate below the least number over dt, nothing arrives at σ.
        assert!(largest(&rates[rest..]) < 1e-300, "{dt}: {}", largest(&rates[rest..]));
        let (sigmas, rates) = nominal(SIGN);
        assert!(largest(&sigmas[rest..]) > 0.0);
        // z goes to and fro by k2·dt in every period.
        let chattering = total_variation(&rates[rest..]);
        assert!(chattering > 0.5 * 5.0 * 0.2 * seconds, "{dt}: {chattering}");
    }
}

/// Under a disturbance of rate `L` the implicit law is off by `dt²·L`, the best that a sampled law can
/// do: nobody knows what `φ` changes in the period that begins.
#[test]
fn under_a_disturbance_the_implicit_law_is_off_by_the_square_of_the_period() {
    let rate = 4.0;
    let spec = of_rule(rate, TwistingRule::SeeberHorn);
    for dt in [1e-2, 1e-3, 1e-4] {
        let rest = |switching| {
            let adversary = Adversary::Sine { omega: 2.0 };
            let sigmas = under(adversary, &mut alone(spec, switching), rate, dt, 12.0);
            largest(&sigmas[periods(10.0, dt)..])
        };
        let implicit = rest(Switching::Implicit) / (dt * dt * rate);
        // The sine is at its full rate some time; it bends by (ω·dt)² of it in a period.
        assert!((0.999..=1.0 + 1e-6).contains(&implicit), "{dt}: {implicit}");
        assert!(rest(SIGN) > 1.5 * rest(Switching::Implicit), "{dt}");
    }
}

#[test]
fn whoever_states_a_bound_is_warned_if_it_is_not_known_to_be_rejected() {
    let stated = |k1, k2, disturbance_rate| {
        SuperTwistingSpec { disturbance_rate, ..gains(k1, k2) }.warning().map(|w| w.to_string())
    };
    for (k1, k2, rate, warns) in [
        (3.0, 5.0, 0.0, false),
        (0.1, 5.0, 0.0, false),
        (3.0, 5.0, 3.9, false),
        // k1² − k2 = 4.
        (3.0, 5.0, 4.0, true),
        (3.0, 5.0, 4.1, true),
        (30.0, 5.0, 4.9, false),
        (30.0, 5.0, 5.0, true),
        // k2 = 3L + 2L²/k1² for L = 1.
        (1.0, 5.0, 0.999, false),
        (1.0, 5.0, 1.001, true),
    ] {
        let message = stated(k1, k2, rate);
        assert_eq!(message.is_some(), warns, "{k1}, {k2}, {rate}");
        if let Some(message) = message {
            assert_eq!(
                message,
                format!(
                    "k1 = {k1}, k2 = {k2}: not known to reject a disturbance of rate L = {rate} N/s, \
                     but of rates below {}; it takes k2 > L and k1² > k2 + L (Seeber and Horn 2017), \
                     or k2 > 3L + 2L²/k1² (Moreno and Osorio 2008)",
                    gains(k1, k2).rejected_rate()
                )
            );
        }
    }
}
