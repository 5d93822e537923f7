//! Dry friction and air drag: they only ever take energy, and do it as the textbook says.

use dip_dynamics::{
    Drag, DryFriction, DryJoint, Dual, Integrator, Parameters, Plant, Real, Splat, State,
};
use proptest::prelude::*;

/// Every option on, at the size of a laboratory rig.
fn lossy() -> Parameters {
    let joint = |coulomb, breakaway| DryJoint { coulomb, breakaway, ..DryJoint::NONE };
    Parameters {
        friction: DryFriction {
            cart: joint(0.5, 0.8),
            joint1: joint(0.004, 0.006),
            joint2: joint(0.002, 0.003),
        },
        drag: Drag { cart: 0.3, rod1: 0.001, rod2: 0.0005 },
        ..Parameters::default()
    }
}

fn plant(parameters: &Parameters) -> Plant {
    Plant::new(parameters).unwrap()
}

fn step(plant: &Plant, state: &State, w: [f64; 3], dt: f64) -> State {
    Integrator::Rk4.step(plant, state, &plant.evaluate(state), 0.0, Some(w), dt)
}

fn start() -> State {
    State { theta1: 2.0, theta2: -1.0, x_dot: 2.0, ..State::UPRIGHT }
}

/// Generalised force of dry friction and drag: what they change of `h`.
fn losses(with: &Plant, without: &Plant, state: &State) -> [f64; 3] {
    let (with, without) = (with.evaluate(state).h(), without.evaluate(state).h());
    core::array::from_fn(|i| with[i] - without[i])
}

/// Every channel alone, of the given levels.
fn channels(friction: &DryFriction, drag: &Drag) -> [Parameters; 6] {
    let frictionless = Parameters { b0: 0.0, b1: 0.0, b2: 0.0, ..Parameters::default() };
    let dry = |friction| Parameters { friction, ..frictionless };
    let air = |drag| Parameters { drag, ..frictionless };
    let &DryFriction { cart, joint1, joint2 } = friction;
    let &Drag { cart: cart_drag, rod1, rod2 } = drag;
    [
        dry(DryFriction { cart, ..DryFriction::NONE }),
        dry(DryFriction { joint1, ..DryFriction::NONE }),
        dry(DryFriction { joint2, ..DryFriction::NONE }),
        air(Drag { cart: cart_drag, ..Drag::NONE }),
        air(Drag { rod1, ..Drag::NONE }),
        air(Drag { rod2, ..Drag::NONE }),
    ]
}

fn any_joint() -> impl Strategy<Value = DryJoint> {
    (0.0..5.0_f64, 0.0..3.0_f64, 1e-3..1.0_f64, 1e-5..0.1_f64).prop_map(
        |(coulomb, excess, stribeck_velocity, smoothing_velocity)| DryJoint {
            coulomb,
            breakaway: coulomb + excess,
            stribeck_velocity,
            smoothing_velocity,
        },
    )
}

fn any_friction() -> impl Strategy<Value = DryFriction> {
    (any_joint(), any_joint(), any_joint()).prop_map(|(cart, joint1, joint2)| DryFriction {
        cart,
        joint1,
        joint2,
    })
}

fn any_drag() -> impl Strategy<Value = Drag> {
    (0.0..2.0_f64, 0.0..2.0_f64, 0.0..2.0_f64).prop_map(|(cart, rod1, rod2)| Drag {
        cart,
        rod1,
        rod2,
    })
}

fn any_state() -> impl Strategy<Value = State> {
    (prop::array::uniform3(-7.0..7.0_f64), prop::array::uniform3(-9.0..9.0_f64))
        .prop_map(|(q, qd)| State::new(q, qd))
}

proptest! {
    /// Each channel takes power, or none; what it takes is the power of the force in `h`.
    #[test]
    fn no_channel_gives_power(friction in any_friction(), drag in any_drag(), state in any_state()) {
        let all = Parameters { friction, drag, ..Parameters::default() };
        let mut sum = plant(&all.viscous()).dissipated_power(&state);
        for channel in channels(&friction, &drag) {
            let (with, without) = (plant(&channel), plant(&channel.viscous()));
            let lost = with.dissipated_power(&state);
            prop_assert!(lost >= 0.0, "{lost} W by {channel:?}");
            let force = losses(&with, &without, &state);
            let power: f64 = force.iter().zip(state.qd()).map(|(f, v)| f * v).sum();
            // The difference of two h of up to 1e3 N is known to some 1e-13, times 9 m/s.
            prop_assert!((power + lost).abs() < 1e-11 * (1.0 + lost), "{power} W is not −{lost} W");
            sum += lost;
        }
        let total = plant(&all).dissipated_power(&state);
        prop_assert!(total >= 0.0 && (total - sum).abs() <= 1e-12 * (1.0 + sum));
    }

    /// The law is odd, and between its levels.
    #[test]
    fn dry_friction_is_odd_and_bounded(joint in any_joint(), v in -9.0..9.0_f64) {
        let force = joint.force(v);
        prop_assert_eq!(joint.force(-v), -force);
        prop_assert!(force.abs() <= joint.breakaway * (1.0 + 1e-15));
        prop_assert!(force * v >= 0.0);
    }

    /// The same formula, to the bit, on another number.
    #[test]
    fn dual_numbers_have_the_same_value(friction in any_friction(), drag in any_drag(), state in any_state()) {
        let plant = plant(&Parameters { friction, drag, ..Parameters::default() });
        let dual = State::from_array(state.to_array().map(Dual::<1>::splat));
        prop_assert_eq!(plant.splat().evaluate(&dual).h().map(|h| h.value), plant.evaluate(&state).h());
        prop_assert_eq!(
            plant.splat().dissipated_power(&dual).value,
            plant.dissipated_power(&state)
        );
    }
}

/// The largest growth of the energy in one step of `dt`, in J, over a free motion of 10 s under
/// the generalised force `w` of the state.
fn energy_growth(plant: &Plant, w: impl Fn(&State) -> [f64; 3]) -> f64 {
    let dt = 1e-4;
    let mut state = start();
    let mut energy = plant.energy(&state);
    let mut growth = f64::NEG_INFINITY;
    for _ in 0..100_000 {
        state = step(plant, &state, w(&state), dt);
        let now = plant.energy(&state);
        // `max` would pass over NaN.
        if !now.is_finite() {
            return f64::INFINITY;
        }
        growth = growth.max(now - energy);
        energy = now;
    }
    growth
}

/// The fastest rate in [`lossy`] is that of the smoothed friction of joint 1 or 2 about rest, its
/// slope over the inertia of a rod: 0.006/0.01/0.0068 ≈ 90 1/s. RK4 misses the energy by
/// (rate·dt)⁵/120 of it a step, 5e-13 of less than 10 J; rounding is below 1e-14 J.
const GROWTH: f64 = 5e-12;

#[test]
fn energy_never_grows() {
    let growth = energy_growth(&plant(&lossy()), |_| [0.0; 3]);
    assert!(growth <= GROWTH, "{growth:e} J in a step");
}

/// The planted fault: the same check on friction, and on drag, that pushes.
#[test]
fn the_energy_check_sees_a_wrong_sign() {
    let viscous = plant(&lossy().viscous());
    for wrong in [
        Parameters { drag: Drag::NONE, ..lossy() },
        Parameters { friction: DryFriction::NONE, ..lossy() },
    ] {
        let wrong = plant(&wrong);
        let growth = energy_growth(&viscous, |state| losses(&wrong, &viscous, state).map(|f| -f));
        assert!(growth > 1e3 * GROWTH, "{growth:e} J in a step");
    }
}

#[test]
fn energy_that_is_lost_was_dissipated() {
    let plant = plant(&lossy());
    let dt = 1e-4;
    let mut state = start();
    let before = plant.energy(&state);
    let mut power = plant.dissipated_power(&state);
    let mut dissipated = 0.0;
    for _ in 0..30_000 {
        state = step(&plant, &state, [0.0; 3], dt);
        let now = plant.dissipated_power(&state);
        dissipated += 0.5 * dt * (power + now);
        power = now;
    }
    let lost = before - plant.energy(&state);
    assert!(lost > 1.0, "{lost} J");
    // Trapezoidal rule: dt²/12 times the change of the power's rate, here below 1e3 W/s.
    assert!((lost - dissipated).abs() < 1e-6, "{lost} J lost, {dissipated} J dissipated");
}

/// Bits of the default plant, on every machine: 1000 steps of 1 ms from
/// (0, 0.05, −0.03) under u = 1 N and w = (0.1, 0.01, −0.01), then the dissipated power.
#[test]
fn without_them_the_bits_are_those_of_a_plant_that_never_heard_of_them() {
    let cases: [(Integrator, [u64; 6], u64); 2] = [
        (
            Integrator::Rk4,
            [
                0x3fcd_502f_99f8_673a,
                0x3ffc_6d20_0cfa_15ab,
                0xc015_c965_f4e4_c97d,
                0x3fe5_ad32_eb34_a4b7,
                0x401c_e8cf_65a1_3f41,
                0xc00b_3282_a841_e4eb,
            ],
            0x3fe9_bfee_ba71_828e,
        ),
        (
            Integrator::SemiImplicitEuler,
            [
                0x3fcd_6a12_3de4_3b70,
                0x3ffc_c5b1_93e9_4440,
                0xc015_ca91_ac8c_3876,
                0x3fe5_e28b_5c53_892d,
                0x401d_1595_f870_e61e,
                0xc00a_756e_163d_1972,
            ],
            0x3fe9_c6a7_8f75_1149,
        ),
    ];
    // Velocities of a friction that is off are not a friction.
    let off = DryJoint { stribeck_velocity: 0.7, smoothing_velocity: 0.2, ..DryJoint::NONE };
    let friction = DryFriction { cart: off, joint1: off, joint2: off };
    for parameters in [Parameters::default(), Parameters { friction, ..Parameters::default() }] {
        let plant = plant(&parameters);
        for (integrator, bits, power) in cases {
            let mut state = State { theta1: 0.05, theta2: -0.03, ..State::UPRIGHT };
            for _ in 0..1000 {
                let here = plant.evaluate(&state);
                state = integrator.step(&plant, &state, &here, 1.0, Some([0.1, 0.01, -0.01]), 1e-3);
            }
            assert_eq!(state.to_array().map(f64::to_bits), bits, "{integrator:?}");
            assert_eq!(plant.dissipated_power(&state).to_bits(), power, "{integrator:?}");
        }
    }
}

/// A cart of 1.5 kg alone: its rods hang, and weigh nothing to speak of.
fn lone_cart(friction: DryFriction, drag: Drag) -> (Plant, State) {
    let parameters = Parameters {
        m1: 1e-9,
        m2: 1e-9,
        i1: 0.0,
        i2: 0.0,
        b0: 0.0,
        b1: 0.0,
        b2: 0.0,
        friction,
        drag,
        ..Parameters::default()
    };
    let hanging = core::f64::consts::PI;
    (plant(&parameters), State { theta1: hanging, theta2: hanging, ..State::UPRIGHT })
}

/// `m·v̇ = −F_c·v/√(v² + v_0²)`: after the textbook's time `m·V/F_c` the cart is slower than `v_0`,
/// and it comes to rest after `m/F_c·∫√(v² + v_0²)dv` from 0 to `V`, which is the textbook's
/// `½·m·V²/F_c` and `½·m·v_0²/F_c·(½ + ln(2V/v_0))` more.
#[test]
fn coulomb_friction_stops_a_cart_where_the_textbook_says() {
    let (m, coulomb, v0, speed) = (1.5, 0.6, 1e-3, 1.0);
    let cart = DryJoint { coulomb, smoothing_velocity: v0, ..DryJoint::NONE };
    let (plant, hanging) = lone_cart(DryFriction { cart, ..DryFriction::NONE }, Drag::NONE);
    let mut state = State { x_dot: speed, ..hanging };
    let (time, dt) = (m * speed / coulomb, 1e-4_f64);
    let run = |mut state: State, duration: f64| {
        let mut left = duration;
        while left > 0.5 * dt {
            state = step(&plant, &state, [0.0; 3], dt);
            left -= dt;
        }
        state
    };
    // The rods take a part of 1e-9 and more by swinging; RK4 with F_c/(m·v_0) = 400 1/s less.
    let tolerance = 1e-7;

    state = run(state, 0.5 * time);
    // The law differs from sign by ½(v_0/v)², at most 2e-6 so far.
    assert!((state.x_dot - 0.5 * speed).abs() < 2e-6 * speed, "{}", state.x_dot);
    state = run(state, 0.5 * time);
    assert!(state.x_dot > 0.0 && state.x_dot < v0, "{} m/s at the textbook's time", state.x_dot);
    // Twenty time constants m·v_0/F_c more, and nothing is left.
    state = run(state, 20.0 * m * v0 / coulomb);
    assert!(state.x_dot.abs() < 1e-7, "{} m/s", state.x_dot);

    let textbook = 0.5 * m * speed * speed / coulomb;
    let creep = 0.5 * m * v0 * v0 / coulomb * (0.5 + (2.0 * speed / v0).ln());
    assert!((state.x - textbook - creep).abs() < tolerance, "{} m", state.x);
    assert!(creep < 1.1e-5 * textbook.max(1.0), "the smoothing costs {creep} m");
}

/// `m·v̇ = −k·v²`: `v = V/(1 + k·V·t/m)`.
#[test]
fn drag_slows_a_cart_as_one_over_time() {
    let (m, k, speed) = (1.5, 0.3, 2.0);
    let (plant, hanging) = lone_cart(DryFriction::NONE, Drag { cart: k, ..Drag::NONE });
    for sign in [1.0, -1.0] {
        let mut state = State { x_dot: sign * speed, ..hanging };
        for n in 1..=10_000_u32 {
            state = step(&plant, &state, [0.0; 3], 1e-3);
            let slower = 1.0 + k * speed * f64::from(n) * 1e-3 / m;
            // The rods take a part of 1e-9 and more by swinging.
            assert!((state.x_dot - sign * speed / slower).abs() < 1e-7, "{}", state.x_dot);
        }
        // It never stops: ∫v = (m/k)·ln(1 + k·V·t/m).
        let distance = m / k * (1.0 + k * speed * 10.0 / m).ln();
        assert!((state.x - sign * distance).abs() < 1e-6, "{}", state.x);
    }
}

/// Near its peak the law is `F_s·(1 − κ·(v/v_s)² − ½·(v_0/v)²)` with `κ = (F_s − F_c)/F_s`: it peaks
/// at `v⁴ = v_0²·v_s²/(2κ)`, a fraction `√(2κ)·v_0/v_s` below `F_s`.
#[test]
fn friction_peaks_at_breakaway_and_falls_to_coulomb() {
    let joint =
        DryJoint { coulomb: 2.0, breakaway: 3.0, stribeck_velocity: 0.1, smoothing_velocity: 1e-4 };
    let at = |v: f64| joint.force(v);
    let (peak_at, peak) = (1..100_000)
        .map(|i| 1e-6 * f64::from(i))
        .map(|v| (v, at(v)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    let (kappa, ratio) = (1.0 / 3.0_f64, 1e-3_f64);
    let expected_at = (1e-4_f64 * 0.1 / (2.0 * kappa).sqrt()).sqrt();
    // The next terms are smaller by κ·(v/v_s)² ≈ 4e-4 and the like.
    assert!((peak_at / expected_at - 1.0).abs() < 5e-3, "{peak_at} {expected_at}");
    let expected = 3.0 * (1.0 - (2.0 * kappa).sqrt() * ratio);
    assert!((peak - expected).abs() < 3.0 * 2.0 * ratio * ratio, "{peak} {expected}");

    // Half-way at v_s, Coulomb at a hundred times that: to 1e-4 of the excess and ½(v_0/v)².
    assert!((at(0.1) - 2.5).abs() < 3.0 * 0.5e-6 + 1e-12, "{}", at(0.1));
    assert!((at(10.0) - 2.0).abs() < 1.1e-4, "{}", at(10.0));
    assert_eq!(at(0.0), 0.0);
    // Without a breakaway level there is no peak.
    let plain = DryJoint { breakaway: 0.0, ..joint };
    assert!((1..1000).all(|i| plain.force(1e-3 * f64::from(i)) <= 2.0));
}

/// At rest smoothed friction is a viscous one of `F_s/v_0`, and drag is nothing: why controllers are
/// designed on the viscous model.
#[test]
fn smoothed_friction_linearises_to_a_large_viscous_one() {
    let dry = lossy();
    let stiff =
        |viscous: f64, joint: DryJoint| viscous + joint.breakaway / joint.smoothing_velocity;
    let equivalent = Parameters {
        b0: stiff(dry.b0, dry.friction.cart),
        b1: stiff(dry.b1, dry.friction.joint1),
        b2: stiff(dry.b2, dry.friction.joint2),
        ..dry.viscous()
    };
    assert!(equivalent.b0 > 80.0 && dry.b0 < 1.0);
    let linear = |parameters: &Parameters| plant(parameters).linearise(&State::UPRIGHT, 0.0);
    let (a, expected) = (linear(&dry).a, linear(&equivalent).a);
    assert!((a - expected).amax() < 1e-12 * expected.amax());

    assert_eq!(dry.viscous(), Parameters::default());
    assert_eq!(linear(&dry.viscous()), linear(&Parameters::default()));
}

#[test]
fn bad_friction_and_drag_name_field_value_and_rule() {
    let cart = |cart| Parameters {
        friction: DryFriction { cart, ..DryFriction::NONE },
        ..Parameters::default()
    };
    let good = lossy().friction.cart;
    let mut joints = lossy();
    joints.friction.joint1.coulomb = f64::NAN;
    let mut second = lossy();
    second.friction.joint2.breakaway = 0.001;
    let air = |drag| Parameters { drag, ..Parameters::default() };
    for (bad, message) in [
        (
            cart(DryJoint { coulomb: -0.5, ..good }),
            "friction.cart.coulomb = -0.5: must be finite and not negative",
        ),
        (
            cart(DryJoint { breakaway: 0.4, ..good }),
            "friction.cart.breakaway = 0.4: must be 0, or not below the Coulomb level",
        ),
        (
            cart(DryJoint { stribeck_velocity: 0.0, ..good }),
            "friction.cart.stribeck_velocity = 0: must be finite and at least 0.000001",
        ),
        (
            cart(DryJoint { smoothing_velocity: 1e-7, ..good }),
            "friction.cart.smoothing_velocity = 0.0000001: must be finite and at least 0.000001",
        ),
        (joints, "friction.joint1.coulomb = NaN: must be finite and not negative"),
        (second, "friction.joint2.breakaway = 0.001: must be 0, or not below the Coulomb level"),
        (air(Drag { rod2: -1.0, ..Drag::NONE }), "drag.rod2 = -1: must be finite and not negative"),
        (
            air(Drag { cart: f64::INFINITY, ..Drag::NONE }),
            "drag.cart = inf: must be finite and not negative",
        ),
    ] {
        assert_eq!(Plant::new(&bad).unwrap_err().to_string(), message);
    }
}
