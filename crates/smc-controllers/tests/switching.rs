//! What `sgn` is in each kind of switching, and that the sign at the end of the period is solved for
//! exactly: `σ` reaches zero in finitely many periods and stays there without chattering.
//!
//! The law is alone with its `σ`: `σ̇ = v + w`, held over each period.

mod rig;

use proptest::prelude::*;
use smc_controllers::{
    AdaptiveSpec, Classical, ClassicalSpec, ConditionalHybridSpec, EquivalentControl, HybridSpec,
    IntegralSpec, Layer, Relay, SuperTwistingSpec, Switching,
};

use rig::{
    ALONE, Alone, U_MAX, UNLIMITED, adaptive, classical, conditional_hybrid, hybrid, integral,
    largest, linear, log_uniform, periods, super_twisting, total_variation,
};

const NONE: EquivalentControl = EquivalentControl::None;
/// A gain that may not be zero, but as good as.
const NEXT_TO_NOTHING: f64 = 1e-12;

fn alone(spec: ClassicalSpec) -> Alone<Classical> {
    let spec = ClassicalSpec { surface: ALONE, equivalent: NONE, ..spec };
    Alone::new(spec.build(&linear(), UNLIMITED).unwrap())
}

/// `k·sgn` with this switching.
fn relay(switching: Switching, k: f64) -> Alone<Classical> {
    alone(ClassicalSpec { switching, k, kd: 0.0, kp: 0.0, ..classical(NONE) })
}

fn layer(epsilon: f64, slope: f64, hysteresis: f64) -> Layer {
    Layer { epsilon, slope, hysteresis }
}

// ---- Shapes -------------------------------------------------------------------------------------

#[test]
fn the_sign_has_the_documented_shape() {
    let sign = Switching::Sign(Relay::default());
    let saturation = |slope| Switching::Saturation(layer(0.5, slope, 0.0));
    let tanh = |slope| Switching::Tanh(layer(0.5, slope, 0.0));
    for (switching, sigma, expected) in [
        (sign, 0.0, 0.0),
        (sign, 1e-300, 1.0),
        (sign, 7.0, 1.0),
        (saturation(0.0), 0.0, 0.0),
        (saturation(0.0), 0.125, 0.25),
        (saturation(0.0), 0.5, 1.0),
        (saturation(0.0), 3.0, 1.0),
        // ε + slope·|σ| is 0.6 there, and reaches |σ| at 1.
        (saturation(0.5), 0.2, 0.2 / 0.6),
        (saturation(0.5), 1.0, 1.0),
        (saturation(0.5), 1.5, 1.0),
        (tanh(0.0), 0.0, 0.0),
        (tanh(0.0), 0.125, 0.25_f64.tanh()),
        (tanh(0.0), 3.0, 6.0_f64.tanh()),
        (tanh(0.5), 0.2, (0.2 / 0.6_f64).tanh()),
    ] {
        for sigma in [sigma, -sigma] {
            let expected = if sigma < 0.0 { -expected } else { expected };
            let actual = -relay(switching, 2.0).rate(sigma, 1e-3) / 2.0;
            // Five roundings; tanh is within one unit in the last place.
            assert!((actual - expected).abs() < 1e-15, "{switching:?} at {sigma}: {actual}");
        }
    }
}

proptest! {
    /// In `[−1, 1]`, odd, and never falling, whatever the layer.
    #[test]
    fn the_sign_is_odd_bounded_and_monotone(
        mut sigmas in prop::collection::vec(-10.0..10.0_f64, 2..20),
        epsilon in log_uniform(1e-3, 10.0),
        slope in 0.0..0.999_f64,
        tanh in any::<bool>(),
    ) {
        sigmas.sort_by(f64::total_cmp);
        let layer = layer(epsilon, slope, 0.0);
        let switching = if tanh { Switching::Tanh(layer) } else { Switching::Saturation(layer) };
        let sign = |sigma| -relay(switching, 1.0).rate(sigma, 1e-3);
        let mut last = -1.0 - 1e-15;
        for sigma in sigmas {
            let here = sign(sigma);
            prop_assert!(here.abs() <= 1.0 + 1e-15, "{here}");
            prop_assert_eq!(here, -sign(-sigma));
            prop_assert!(here >= last - 1e-15, "{here} after {last}");
            last = here;
        }
    }
}

/// Within the band the relay stays as it was, whichever way `σ` comes; at first it is off.
#[test]
fn hysteresis_keeps_the_state_within_its_band() {
    let mut relay_with = relay(Switching::Sign(Relay { hysteresis: 0.1 }), 1.0);
    for (sigma, expected) in [
        (0.05, 0.0),
        (-0.05, 0.0),
        (0.2, 1.0),
        (0.05, 1.0),
        (-0.05, 1.0),
        (-0.0999, 1.0),
        (-0.1, -1.0),
        (-0.05, -1.0),
        (0.0999, -1.0),
        (0.1, 1.0),
    ] {
        let actual = -relay_with.rate(sigma, 1e-3);
        assert!((actual - expected).abs() < 1e-15, "{sigma}: {actual}");
        assert_eq!(relay_with.memory.sign, expected);
    }
    // A layer stays as it was too.
    let mut saturation = relay(Switching::Saturation(layer(0.4, 0.0, 0.1)), 1.0);
    for (sigma, expected) in [(0.2, 0.5), (0.05, 0.5), (-0.05, 0.5), (-0.2, -0.5), (0.05, -0.5)] {
        let actual = -saturation.rate(sigma, 1e-3);
        assert!((actual - expected).abs() < 1e-15, "{sigma}: {actual}");
    }
}

/// With a band `±h` a relay of gain `k` switches once in `2h/k` seconds; without, in every period.
#[test]
fn hysteresis_makes_a_relay_switch_rarely() {
    let switches = |hysteresis: f64| {
        let mut law = relay(Switching::Sign(Relay { hysteresis }), 1.0);
        // Not a multiple of k·dt, so that σ does not hit 0 by chance.
        let (_, rates) = law.run(0.05 + 3.3e-5, 1e-4, 10_000, |_, _, _| 0.0);
        rates.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count()
    };
    // The first 500 of the 10,000 periods are on the way. Each end of the band is overrun by less
    // than a period's way, of which a half-swing of 2h has 200.
    assert!((46..=48).contains(&switches(0.01)), "{}", switches(0.01));
    assert!(switches(0.0) > 9_000, "{}", switches(0.0));
}

// ---- The end of the period ----------------------------------------------------------------------

/// Is `ς` a sign of `s`, which is known up to `tolerance`?
fn is_sign_of(sign: f64, s: f64, tolerance: f64) -> bool {
    sign.abs() <= 1.0 + 1e-12 && (s.abs() <= tolerance || (sign - s.signum()).abs() <= 1e-12)
}

proptest! {
    /// `σ⁺ = σ + dt·v`, `v = −k·ς − kd·σ⁺`, with `ς` in `sign(σ⁺)`: where the sign is single-valued and
    /// where it is not.
    #[test]
    fn the_implicit_first_order_law_solves_its_inclusion(
        [k, dt] in [log_uniform(0.1, 500.0), log_uniform(1e-5, 1e-2)],
        kd in prop_oneof![Just(0.0), log_uniform(0.1, 500.0)],
        share in log_uniform(1e-3, 1e3),
        positive in any::<bool>(),
    ) {
        // `share` of what constant reaching does in a period.
        let sigma = if positive { share * dt * k } else { -share * dt * k };
        let switching = Switching::Implicit;
        let v = alone(ClassicalSpec { switching, k, kd, ..classical(NONE) }).rate(sigma, dt);
        let next = sigma + dt * v;
        // v carries a few roundings of its largest part, σ/dt; so does dt·v of σ.
        let tolerance = 1e-14 * sigma.abs();
        let sign = -(v + kd * next) / k;
        prop_assert!(is_sign_of(sign, next, tolerance), "ς = {sign}, σ⁺ = {next}");
        prop_assert_eq!(share <= 1.0, next.abs() <= tolerance, "σ⁺ = {}", next);
    }

    /// `s = σ + dt·r`, `r = −k1·√|s|·ς − dt·k2·ς`, `z⁺ = z − dt·k2·ς`, `v = r + z⁺`, with `ς` in `sign(s)`.
    #[test]
    fn implicit_super_twisting_solves_its_inclusion(
        [k1, k2, dt] in [log_uniform(0.1, 500.0), log_uniform(0.1, 1000.0), log_uniform(1e-5, 1e-2)],
        share in log_uniform(1e-3, 1e6),
        positive in any::<bool>(),
        z in -50.0..50.0_f64,
    ) {
        let sigma = if positive { share * dt * dt * k2 } else { -share * dt * dt * k2 };
        let switching = Switching::Implicit;
        let spec = SuperTwistingSpec {
            surface: ALONE, equivalent: NONE, switching, k1, k2, ..super_twisting(NONE)
        };
        let mut law = Alone::new(spec.build(&linear(), UNLIMITED).unwrap());
        law.memory.z = z;
        let v = law.rate(sigma, dt);
        let next = law.memory.z;
        let r = v - next;
        let s = sigma + dt * r;
        let sign = (z - next) / (dt * k2);
        // r carries a few roundings of v, of z and of σ/dt; and so does s of dt times that.
        let rounding = 1e-14 * (v.abs() + z.abs() + sigma.abs() / dt);
        prop_assert!((sign.abs() - share.min(1.0)).abs() <= 1e-12 + rounding / (dt * k2));
        prop_assert!(
            s.abs() <= dt * rounding || sign * s > 0.0, "ς = {sign}, s = {s}"
        );
        prop_assert!(share > 1.0 || s.abs() <= dt * rounding, "s = {s}");
        let expected = -(k1 * s.abs().sqrt() + dt * k2) * sigma.signum() * share.min(1.0);
        // The root of s is off by what s is off by over twice the root, or by the root of that.
        let tolerance = 2.0 * rounding
            + k1 * (dt * rounding / s.abs().max(dt * rounding).sqrt()).min((dt * rounding).sqrt());
        prop_assert!((r - expected).abs() <= tolerance, "{r} is not {expected} ({tolerance})");
    }

    /// Both laws at once, as the conditional hybrid law near upright.
    #[test]
    fn the_implicit_sum_of_both_solves_its_inclusion(
        share in log_uniform(1e-3, 1e3),
        positive in any::<bool>(),
        z in -5.0..5.0_f64,
        dt in log_uniform(1e-5, 1e-2),
    ) {
        let spec = ConditionalHybridSpec {
            surface: ALONE, switching: Switching::Implicit, ..conditional_hybrid(NONE)
        };
        let (k, kd, k1, k2) = (spec.k_init, spec.alpha, spec.k1, spec.k2);
        let reach = dt * k + dt * dt * k2;
        let sigma = if positive { share * reach } else { -share * reach };
        let mut law = Alone::new(spec.build(&linear(), UNLIMITED).unwrap());
        law.memory.z = z;
        let v = law.rate(sigma, dt);
        let sign = (z - law.memory.z) / (dt * k2);
        prop_assert!((sign - sigma.signum() * share.min(1.0)).abs() < 1e-9, "{sign}");
        let r = v - law.memory.z;
        let s = sigma + dt * r;
        let expected = -(k + k1 * s.abs().sqrt() + dt * k2) * sign - kd * s;
        // As above; √|s| of an s that is only rounding is below 1e-8 of √|σ|.
        let tolerance = 1e-12 * (v.abs() + z.abs() + sigma.abs() / dt)
            + if share <= 1.0 { k1 * 1e-7 * sigma.abs().sqrt() } else { 0.0 };
        prop_assert!((r - expected).abs() <= tolerance, "{r} is not {expected}");
        prop_assert!(share > 1.0 || s.abs() <= 1e-12 * (sigma.abs() + dt * z.abs()));
    }

    /// In the nominal system `σ` is exactly zero after `|σ₀|/(k·dt)` periods, and from then on neither
    /// it nor the rate moves. With the sign at the beginning the rate never rests.
    #[test]
    fn the_implicit_law_reaches_zero_and_rests_where_the_explicit_one_chatters(
        sigma in 0.01..1.0_f64,
        k in 1.0..50.0_f64,
        dt in log_uniform(1e-4, 1e-2),
    ) {
        // The ratio that would let the explicit law hit zero by chance is not drawn.
        let needed = periods((sigma / k / dt).ceil(), 1.0);
        // The period in which σ lands leaves a rounding of it, the next a rounding of that, and so on
        // until there is nothing left of 2⁻⁵³ⁿ: 1 + 1075/53 periods.
        let periods = needed + 22;
        let (sigmas, rates) =
            relay(Switching::Implicit, k).run(sigma, dt, periods + 100, |_, _, _| 0.0);
        prop_assert!(sigmas[..needed].iter().all(|&sigma| sigma > 0.0), "not before");
        // Each period carries a rounding of σ and of dt·v.
        prop_assert!(sigmas[needed].abs() <= 1e-15 * sigma * needed as f64, "{}", sigmas[needed]);
        prop_assert!(sigmas[periods..].iter().all(|&sigma| sigma == 0.0), "it stays there");
        prop_assert_eq!(total_variation(&rates[periods..]), 0.0);
        // Never across: no chattering on the way either.
        prop_assert!(sigmas.windows(2).all(|pair| pair[1].abs() <= pair[0].abs()));

        let sign = Switching::Sign(Relay::default());
        let (_, rates) = relay(sign, k).run(sigma, dt, periods + 100, |_, _, _| 0.0);
        let chattering = total_variation(&rates[periods..]);
        prop_assert!(chattering >= 99.0 * k, "{chattering}");
    }
}

/// A constant disturbance below the gain leaves `σ` at `dt·w`, and the rate at `−w`.
#[test]
fn a_disturbance_leaves_the_implicit_law_within_a_period_of_it() {
    for w in [0.0, 3.0, -4.9] {
        for dt in [1e-2, 1e-3, 1e-4] {
            let mut law = relay(Switching::Implicit, 5.0);
            // The slowest way to zero is with 0.1 N from 0.1 N·s.
            let (sigmas, rates) = law.run(0.1, dt, periods(1.2, dt), |_, _, _| w);
            let (sigma, rate) = (*sigmas.last().unwrap(), *rates.last().unwrap());
            assert!((sigma - dt * w).abs() < 1e-15, "{sigma} for {w}");
            assert!((rate + w).abs() < 1e-14 / dt * 0.1, "{rate} for {w}");
        }
    }
    // And one above the gain is not held: the test can fail.
    let (sigmas, _) = relay(Switching::Implicit, 5.0).run(0.1, 1e-3, 1200, |_, _, _| 5.5);
    assert!(sigmas.last().unwrap() > &0.5);
}

// ---- Reaching -----------------------------------------------------------------------------------

/// The time until `|σ|` is below `end`.
fn reaching_time(mut law: Alone<Classical>, sigma: f64, dt: f64, end: f64) -> f64 {
    let (sigmas, _) = law.run(sigma, dt, periods(20.0, dt), |_, _, _| 0.0);
    sigmas.iter().position(|sigma| sigma.abs() <= end).expect("σ is reached") as f64 * dt
}

/// `v = −kp·|σ|^a·sign(σ)` takes `|σ₀|^(1−a)/(kp·(1−a))`: Gao and Hung (1993).
#[test]
fn power_rate_reaching_takes_the_time_of_its_closed_form() {
    let switching = Switching::Sign(Relay::default());
    for (kp, exponent, sigma) in
        [(1.0, 0.5, 1.0_f64), (2.0, 0.5, -4.0), (1.0, 0.25, 0.5), (3.0, 0.8, 2.0)]
    {
        let k = NEXT_TO_NOTHING;
        let spec = ClassicalSpec { switching, k, kd: 0.0, kp, exponent, ..classical(NONE) };
        let left = 1.0 - exponent;
        // Below some (kp·dt)^(1/(1−a)) an explicit step goes across.
        let end = 1e-4_f64;
        let expected = (sigma.abs().powf(left) - end.powf(left)) / (kp * left);
        let dt = 1e-4;
        let actual = reaching_time(alone(spec), sigma, dt, end);
        // Explicit Euler is late by about dt/2·ln(v₀/v₁), v₁ being the rate at the end, and the end is
        // seen with the period: 20 of them are more than enough.
        assert!((actual - expected).abs() < 20.0 * dt, "{kp}, {exponent}: {actual} {expected}");
    }
}

/// `v = −k·sign(σ) − kd·σ` takes `ln(1 + kd·|σ₀|/k)/kd`; with either end of the period.
#[test]
fn constant_and_proportional_reaching_take_the_time_of_their_closed_form() {
    for switching in [Switching::Sign(Relay::default()), Switching::Implicit] {
        for (k, kd, sigma) in [(0.5, 2.0, 1.0_f64), (5.0, 0.1, -3.0), (1.0, 20.0, 2.0)] {
            let spec = ClassicalSpec { switching, k, kd, kp: 0.0, ..classical(NONE) };
            let expected = (1.0 + kd * sigma.abs() / k).ln() / kd;
            let dt = 1e-4;
            // Explicit overshoots by up to a period's way.
            let actual = reaching_time(alone(spec), sigma, dt, k * dt);
            // Euler's error of the time is about dt·kd/2 of it, the end is seen with the period.
            let tolerance = dt * (2.0 + kd * expected);
            assert!((actual - expected).abs() < tolerance, "{switching:?}: {actual} {expected}");
        }
    }
}

/// Proportional reaching alone: a factor in each period.
#[test]
fn proportional_reaching_is_a_factor_in_each_period() {
    let (kd, dt) = (20.0, 1e-3);
    // Power-rate reaching with the exponent 1 is the same.
    for (switching, kd_of_it, kp, factor) in [
        (Switching::Sign(Relay::default()), kd, 0.0, 1.0 - kd * dt),
        (Switching::Sign(Relay::default()), 0.0, kd, 1.0 - kd * dt),
        (Switching::Implicit, kd, 0.0, 1.0 / (1.0 + kd * dt)),
    ] {
        let k = NEXT_TO_NOTHING;
        let spec =
            ClassicalSpec { switching, k, kd: kd_of_it, kp, exponent: 1.0, ..classical(NONE) };
        let (sigmas, _) = alone(spec).run(1.0, dt, 200, |_, _, _| 0.0);
        for pair in sigmas.windows(2) {
            // k moves σ by up to 1e-15, and σ does not fall below 0.01 here.
            assert!((pair[1] / pair[0] - factor).abs() < 1e-12, "{switching:?}: {pair:?}");
        }
        assert!(largest(&sigmas[199..]) < 0.03);
    }
}

// ---- Refusals -----------------------------------------------------------------------------------

#[test]
fn what_cannot_be_switched_is_refused() {
    let positive =
        |value| format!("switching.epsilon = {value}: must be finite and greater than 0");
    for (switching, expected) in [
        (Switching::saturation(0.0), positive("0")),
        (Switching::saturation(f64::NAN), positive("NaN")),
        (Switching::Tanh(layer(-1.0, 0.0, 0.0)), positive("-1")),
        (
            Switching::Tanh(layer(1.0, 1.0, 0.0)),
            "switching.slope = 1: must be not negative and less than 1".into(),
        ),
        (
            Switching::Saturation(layer(1.0, -0.5, 0.0)),
            "switching.slope = -0.5: must be not negative and less than 1".into(),
        ),
        (
            Switching::Saturation(layer(1.0, 0.0, -0.5)),
            "switching.hysteresis = -0.5: must be finite and not negative".into(),
        ),
        (
            Switching::Sign(Relay { hysteresis: f64::INFINITY }),
            "switching.hysteresis = inf: must be finite and not negative".into(),
        ),
    ] {
        let linear = linear();
        for error in [
            ClassicalSpec { switching, ..classical(NONE) }.build(&linear, U_MAX).unwrap_err(),
            SuperTwistingSpec { switching, ..super_twisting(NONE) }
                .build(&linear, U_MAX)
                .unwrap_err(),
            AdaptiveSpec { switching, ..adaptive(NONE) }.build(&linear, U_MAX).unwrap_err(),
            HybridSpec { switching, ..hybrid(NONE) }.build(&linear, U_MAX).unwrap_err(),
            IntegralSpec { switching, ..integral(NONE) }.build(&linear, U_MAX).unwrap_err(),
            ConditionalHybridSpec { switching, ..conditional_hybrid(NONE) }
                .build(&linear, U_MAX)
                .unwrap_err(),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }
    let spec = ClassicalSpec { switching: Switching::Implicit, kp: 2.0, ..classical(NONE) };
    assert_eq!(
        spec.build(&linear(), U_MAX).unwrap_err().to_string(),
        "kp = 2: must be 0 with switching = \"implicit\", which solves without it"
    );
    let spec = ClassicalSpec { kp: 0.0, ..spec };
    assert!(spec.build(&linear(), U_MAX).is_ok());
}
