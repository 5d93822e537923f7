//! The factory: laws by name, by plain data and by a vector of gains; and in which words a wrong one is
//! refused.

mod rig;

use smc_controllers::{
    AdaptiveSpec, ClassicalSpec, ConditionalHybridSpec, ControllerSpec, Controllers,
    EquivalentControl, Gain, GainVectorError, HybridSpec, IntegralSpec, Kind, Layer,
    LqrIntegralSpec, Pole, PositiveForm, Relay, ScheduledSurface, SuperTwistingSpec, SurfaceDesign,
    Switching, Tunable, Weights,
};

use rig::{
    EQUIVALENTS, SURFACE, U_MAX, WEIGHTS, adaptive, classical, conditional_hybrid, hybrid,
    integral, laws, linear, super_twisting, surface,
};

const FULL: EquivalentControl = EquivalentControl::Full;

const FORM: PositiveForm = PositiveForm {
    c_x: 1.0,
    lambda_x: 0.5,
    c1: 2.0,
    lambda1: 3.0,
    c2: 4.0,
    lambda2: 5.0,
    allow_unstable: true,
};

/// The same law on another surface, if it has one.
fn on(spec: &ControllerSpec, surface: SurfaceDesign) -> ControllerSpec {
    match *spec {
        ControllerSpec::Classical(s) => ControllerSpec::Classical(ClassicalSpec { surface, ..s }),
        ControllerSpec::SuperTwisting(s) => {
            ControllerSpec::SuperTwisting(SuperTwistingSpec { surface, ..s })
        }
        ControllerSpec::Adaptive(s) => ControllerSpec::Adaptive(AdaptiveSpec { surface, ..s }),
        ControllerSpec::Hybrid(s) => ControllerSpec::Hybrid(HybridSpec { surface, ..s }),
        ControllerSpec::ConditionalHybrid(s) => {
            ControllerSpec::ConditionalHybrid(ConditionalHybridSpec { surface, ..s })
        }
        other => other,
    }
}

/// The same law with another switching, if it switches.
fn with(spec: &ControllerSpec, switching: Switching) -> ControllerSpec {
    match *spec {
        ControllerSpec::Classical(s) => ControllerSpec::Classical(ClassicalSpec { switching, ..s }),
        ControllerSpec::SuperTwisting(s) => {
            ControllerSpec::SuperTwisting(SuperTwistingSpec { switching, ..s })
        }
        ControllerSpec::Adaptive(s) => ControllerSpec::Adaptive(AdaptiveSpec { switching, ..s }),
        ControllerSpec::Hybrid(s) => ControllerSpec::Hybrid(HybridSpec { switching, ..s }),
        ControllerSpec::Integral(s) => ControllerSpec::Integral(IntegralSpec { switching, ..s }),
        ControllerSpec::ConditionalHybrid(s) => {
            ControllerSpec::ConditionalHybrid(ConditionalHybridSpec { switching, ..s })
        }
        other => other,
    }
}

#[test]
fn names_lead_to_the_law_and_back() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(kind.to_string(), kind.name());
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        assert_eq!(serde_json::from_value::<Kind>(kind.name().into()).unwrap(), kind);
    }
    assert_eq!(format!("{:>10}", Kind::Lqr), "       lqr", "tables pad names");
    for name in ["", "sta", "Classical", "classical "] {
        let message = name.parse::<Kind>().unwrap_err().to_string();
        for kind in Kind::ALL {
            assert!(message.contains(kind.name()), "{message}");
        }
    }
}

#[test]
fn a_law_survives_a_file() {
    let designs = [
        SURFACE,
        SurfaceDesign::Poles([
            Pole { re: -2.0, im: 1.0 },
            Pole { re: -2.0, im: -1.0 },
            (-3.0).into(),
            (-4.5).into(),
            (-0.1).into(),
        ]),
        SurfaceDesign::Absolute(FORM),
        SurfaceDesign::Relative(PositiveForm { allow_unstable: false, ..FORM }),
        SurfaceDesign::Coefficients { s: surface(), allow_unstable: true },
    ];
    let layer = Layer { epsilon: 0.03, slope: 0.25, hysteresis: 0.001 };
    let switchings = [
        Switching::Sign(Relay::default()),
        Switching::Sign(Relay { hysteresis: 0.02 }),
        Switching::saturation(0.1),
        Switching::Saturation(layer),
        Switching::Tanh(layer),
        Switching::Implicit,
    ];
    let check = |spec: ControllerSpec| {
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ControllerSpec>(&json).unwrap(), spec, "{json}");
        assert!(json.starts_with(&format!("{{\"{}\":", spec.kind())), "{json}");
    };
    for equivalent in EQUIVALENTS {
        for spec in laws(equivalent) {
            for surface in designs {
                check(on(&spec, surface));
            }
            for switching in switchings {
                check(with(&spec, switching));
            }
        }
    }
}

#[test]
fn what_a_file_does_not_say_is_as_shipped() {
    for kind in Kind::ALL {
        let json = format!("{{\"{kind}\": {{}}}}");
        let spec: ControllerSpec = serde_json::from_str(&json).unwrap();
        assert_eq!(spec, ControllerSpec::shipped(kind));
        assert_eq!(serde_json::from_str::<Controllers>("{}").unwrap().get(kind), spec);
    }
    let spec: ClassicalSpec = serde_json::from_str(r#"{"k": 77.0}"#).unwrap();
    assert_eq!(spec, ClassicalSpec { k: 77.0, ..ClassicalSpec::default() });
    let surface = r#"{"coefficients": {"s": [1, 2, 3, 4, 5, 6]}}"#;
    assert_eq!(
        serde_json::from_str::<SurfaceDesign>(surface).unwrap(),
        SurfaceDesign::Coefficients { s: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], allow_unstable: false }
    );
    for (json, expected) in [
        (r#""implicit""#, Switching::Implicit),
        (r#"{"sign": {}}"#, Switching::Sign(Relay { hysteresis: 0.0 })),
        (r#"{"saturation": {"epsilon": 0.5}}"#, Switching::saturation(0.5)),
        (
            r#"{"tanh": {"epsilon": 0.5}}"#,
            Switching::Tanh(Layer { epsilon: 0.5, slope: 0.0, hysteresis: 0.0 }),
        ),
    ] {
        assert_eq!(serde_json::from_str::<Switching>(json).unwrap(), expected, "{json}");
    }
}

#[test]
fn each_law_is_kept_in_its_own_place() {
    let mut all = Controllers::default();
    for spec in laws(FULL) {
        assert_ne!(all.get(spec.kind()), spec);
        all.set(spec);
    }
    for spec in laws(FULL) {
        assert_eq!(all.get(spec.kind()), spec);
    }
}

#[test]
fn what_a_file_must_not_say_is_refused_by_name() {
    for (json, word) in [
        (r#"{"classical": {"gain": 1}}"#, "gain"),
        (r#"{"classical": {"epsilon": 1}}"#, "epsilon"),
        (r#"{"super_twisting": {"k3": 1}}"#, "k3"),
        (r#"{"adaptive": {"kmax": 1}}"#, "kmax"),
        (r#"{"hybrid": {"k_init": 1}}"#, "k_init"),
        (r#"{"integral": {"surface": {}}}"#, "surface"),
        (r#"{"conditional_hybrid": {"k1_init": 1}}"#, "k1_init"),
        (r#"{"lqr": {"q": [1, 1, 1, 1, 1, 1]}}"#, "q"),
        (r#"{"lqr": {"weights": {"q": [1, 1, 1, 1, 1, 1], "r": 1, "n": 0}}}"#, "n"),
        (r#"{"lqr": {"weights": {"q": [1, 1, 1, 1, 1, 1]}}}"#, "r"),
        (r#"{"lqr_integral": {"k_i": 1}}"#, "k_i"),
        (r#"{"mpc": {}}"#, "mpc"),
        (r#"{"classical": {"surface": {"gains": [1]}}}"#, "gains"),
        (
            r#"{"classical": {"surface": {"coefficients": {"s": [1,2,3,4,5,6], "unstable": 1}}}}"#,
            "unstable",
        ),
        (r#"{"classical": {"surface": {"absolute": {"c_x": 1}}}}"#, "lambda_x"),
        (r#"{"classical": {"equivalent": "half"}}"#, "half"),
        (r#"{"classical": {"switching": "sign_at_the_end"}}"#, "sign_at_the_end"),
        (r#"{"classical": {"switching": {"sign": {"epsilon": 1}}}}"#, "epsilon"),
        (r#"{"classical": {"switching": {"tanh": {"hysteresis": 1}}}}"#, "epsilon"),
    ] {
        let message = serde_json::from_str::<ControllerSpec>(json).unwrap_err().to_string();
        assert!(message.contains(&format!("`{word}`")), "{json}: {message}");
    }
}

#[test]
fn the_name_of_a_gain_is_its_key_in_files() {
    fn check<S: Copy + serde::Serialize>(spec: S, table: &[Gain<S>], others: usize) {
        let json = serde_json::to_value(spec).unwrap();
        let mut own = 0;
        for gain in table {
            let value = if let Some((field, key)) = gain.name.split_once('.') {
                // Between the two stands which switching it is.
                &json[field]["saturation"][key]
            } else {
                own += 1;
                &json[gain.name]
            };
            assert_eq!(*value, gain.get(spec).unwrap(), "{}", gain.name);
        }
        let fields = json.as_object().unwrap().len();
        assert_eq!(fields, own + others, "every number of the law is in its table");
    }
    // Beside the gains: surface or weights, equivalent, switching.
    check(classical(FULL), &ClassicalSpec::GAINS, 3);
    check(super_twisting(FULL), &SuperTwistingSpec::GAINS, 3);
    check(adaptive(FULL), &AdaptiveSpec::GAINS, 3);
    check(hybrid(FULL), &HybridSpec::GAINS, 3);
    check(integral(FULL), &IntegralSpec::GAINS, 3);
    check(conditional_hybrid(FULL), &ConditionalHybridSpec::GAINS, 3);
    let regulator = LqrIntegralSpec { weights: WEIGHTS, q_integral: 3.0 };
    check(regulator, &LqrIntegralSpec::GAINS, 1);
    // Beside its six numbers: allow_unstable.
    check(FORM, &PositiveForm::GAINS, 1);
}

#[test]
fn tunable_gains_come_in_order_with_ranges() {
    fn names<S>(table: &[Gain<S>]) -> Vec<&'static str> {
        table.iter().filter(|gain| gain.range.is_some()).map(|gain| gain.name).collect()
    }
    let own_names = |kind| match kind {
        Kind::Classical => names(&ClassicalSpec::GAINS),
        Kind::SuperTwisting => names(&SuperTwistingSpec::GAINS),
        Kind::Adaptive => names(&AdaptiveSpec::GAINS),
        Kind::Hybrid => names(&HybridSpec::GAINS),
        Kind::Integral => names(&IntegralSpec::GAINS),
        Kind::ConditionalHybrid => names(&ConditionalHybridSpec::GAINS),
        Kind::Lqr => vec![],
        Kind::LqrIntegral => names(&LqrIntegralSpec::GAINS),
    };
    for mut spec in laws(FULL) {
        let before = spec;
        let mut seen = Vec::new();
        spec.visit_tunable(|Tunable { name, unit, rule, lower, upper, .. }, value| {
            assert!(0.0 < lower && lower < upper && upper.is_finite(), "{name}");
            assert!(rule.holds(lower) && rule.holds(upper), "{name}");
            assert!(!unit.is_empty(), "{name}");
            assert!(!seen.contains(&name), "{name} comes once");
            seen.push(name);
            *value *= 1.5;
        });
        let kind = spec.kind();
        assert_eq!(seen, [names(&Weights::GAINS), own_names(kind)].concat(), "{kind}");

        // What was written is read back, in the same order.
        let mut expected = Vec::new();
        let mut copy = before;
        copy.visit_tunable(|_, value| expected.push(*value * 1.5));
        let mut found = Vec::new();
        spec.visit_tunable(|_, value| found.push(*value));
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn of_a_surface_weights_poles_positive_numbers_and_sizes_of_coefficients_are_tuned() {
    let pair = [Pole { re: -3.0, im: -2.0 }, Pole { re: -3.0, im: 2.0 }];
    let [a, b, c] = [-1.0, -4.0, -5.0].map(Pole::from);
    let poles = SurfaceDesign::Poles([a, pair[0], b, pair[1], c]);
    let of_poles = ["decay1", "decay2", "turn2", "decay3", "decay5"];
    let form = ["c_x", "lambda_x", "c1", "lambda1", "c2", "lambda2"];
    let own = ["k", "kd", "switching.epsilon"];
    let far = ["far.decay1", "far.decay2", "far.turn2", "far.decay3", "far.decay5", "width"];
    let scheduled = match poles {
        SurfaceDesign::Poles(near) => {
            SurfaceDesign::Scheduled(ScheduledSurface { near, far: near, width: 0.3 })
        }
        _ => unreachable!(),
    };
    for (surface, expected) in [
        (poles, [&of_poles[..], &own].concat()),
        (scheduled, [&of_poles[..], &far, &own].concat()),
        (
            SurfaceDesign::Coefficients {
                s: [1.0, -2.0, 0.0, 1.0, 0.0, 3.0],
                allow_unstable: true,
            },
            [&["s_x", "s_theta1", "s_x_dot", "s_theta2_dot"][..], &own].concat(),
        ),
        (SurfaceDesign::Absolute(FORM), [&form[..], &own].concat()),
        (SurfaceDesign::Relative(FORM), [&form[..], &own].concat()),
    ] {
        let classical = ClassicalSpec { surface, ..classical(FULL) };
        let mut spec = ControllerSpec::Classical(classical);
        let mut seen = Vec::new();
        spec.visit_tunable(|gain, _| seen.push(gain.to_string()));
        assert_eq!(seen, expected);
    }
}

/// Signs stay, and so does what is 0.
#[test]
fn coefficients_are_moved_by_their_sizes() {
    let on = |s| SurfaceDesign::Coefficients { s, allow_unstable: true };
    let surface = on([1.0, -2.0, 0.0, 1.0, -0.5, 3.0]);
    let mut spec = ControllerSpec::Classical(ClassicalSpec { surface, ..classical(FULL) });
    spec.visit_tunable(|_, gain| {
        assert!(*gain > 0.0);
        *gain *= 2.0;
    });
    assert_eq!(spec.surface(), Some(&on([2.0, -4.0, 0.0, 2.0, -1.0, 6.0])));
}

/// A pair of poles stays a pair.
#[test]
fn poles_are_moved_by_positive_numbers() {
    let pair = [Pole { re: -3.0, im: -2.0 }, Pole { re: -3.0, im: 2.0 }];
    let [a, b, c] = [-1.0, -4.0, -5.0].map(Pole::from);
    let surface = SurfaceDesign::Poles([a, pair[0], b, pair[1], c]);
    let mut spec = ControllerSpec::Classical(ClassicalSpec { surface, ..classical(FULL) });
    spec.visit_tunable(|_, gain| *gain *= 2.0);
    let pair = [Pole { re: -6.0, im: -4.0 }, Pole { re: -6.0, im: 4.0 }];
    let [a, b, c] = [-2.0, -8.0, -10.0].map(Pole::from);
    assert_eq!(spec.surface(), Some(&SurfaceDesign::Poles([a, pair[0], b, pair[1], c])));
}

/// A law without a layer has one gain less to tune.
#[test]
fn only_a_layer_that_is_there_is_tuned() {
    let count = |switching| {
        let mut spec = ControllerSpec::Classical(ClassicalSpec { switching, ..classical(FULL) });
        let mut seen = Vec::new();
        spec.visit_tunable(|gain, _| seen.push(gain.name));
        seen.len()
    };
    let layer = Layer { epsilon: 0.1, slope: 0.0, hysteresis: 0.0 };
    assert_eq!(count(Switching::Saturation(layer)), 9);
    assert_eq!(count(Switching::Tanh(layer)), 9);
    assert_eq!(count(Switching::Sign(Relay::default())), 8);
    assert_eq!(count(Switching::Implicit), 8);
}

#[test]
fn a_vector_of_gains_makes_the_law_that_has_them() {
    for kind in Kind::ALL {
        let mut shipped = ControllerSpec::shipped(kind);
        let mut gains = Vec::new();
        shipped.visit_tunable(|_, gain| gains.push(*gain));
        assert_eq!(ControllerSpec::from_gains(kind, &gains), Ok(shipped), "{kind}");

        // Each place of the vector is the gain of that place and of no other.
        for place in 0..gains.len() {
            let mut changed = gains.clone();
            changed[place] *= 0.5;
            let mut spec = ControllerSpec::from_gains(kind, &changed).unwrap();
            let mut found = Vec::new();
            spec.visit_tunable(|_, gain| found.push(*gain));
            assert_eq!(found, changed, "{kind}");
            assert_ne!(spec, shipped, "{kind}");
        }

        // From the middle of every range a law can be built, in the geometric sense of middle.
        let mut middle = Vec::new();
        shipped.visit_tunable(|gain, _| middle.push((gain.lower * gain.upper).sqrt()));
        let spec = ControllerSpec::from_gains(kind, &middle).unwrap();
        spec.build(&linear(), U_MAX).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

#[test]
fn a_wrong_vector_is_told_what_is_right() {
    let weights = "q_x [1/m²] finite and not negative (0.01 to 10000), \
                   q_theta1 [1/rad²] finite and not negative (0.01 to 10000), \
                   q_theta2 [1/rad²] finite and not negative (0.01 to 10000), \
                   q_x_dot [s²/m²] finite and not negative (0.01 to 10000), \
                   q_theta1_dot [s²/rad²] finite and not negative (0.01 to 10000), \
                   q_theta2_dot [s²/rad²] finite and not negative (0.01 to 10000)";
    let integral = format!(
        "integral takes 9: {weights}, k [N] finite and greater than 0 (0.1 to 500), \
         kd [1/s] finite and not negative (0.1 to 500), \
         switching.epsilon [N·s] finite and greater than 0 (0.001 to 10)"
    );
    let with = |place: usize, value: f64| {
        let mut gains = [1.0; 9];
        gains[place] = value;
        ControllerSpec::from_gains(Kind::Integral, &gains).unwrap_err().to_string()
    };
    let of = |kind, gains: &[f64]| ControllerSpec::from_gains(kind, gains).unwrap_err().to_string();
    for (message, expected) in [
        (of(Kind::Integral, &[1.0; 6]), format!("6 gains: {integral}")),
        (of(Kind::Integral, &[1.0; 10]), format!("10 gains: {integral}")),
        // The length first: a gain is only wrong in its own place.
        (of(Kind::Integral, &[-1.0]), format!("1 gains: {integral}")),
        (with(6, -1.0), format!("k = -1: must be finite and greater than 0; {integral}")),
        (with(7, -1.0), format!("kd = -1: must be finite and not negative; {integral}")),
        (
            with(8, 0.0),
            format!("switching.epsilon = 0: must be finite and greater than 0; {integral}"),
        ),
        (with(2, f64::NAN), format!("q_theta2 = NaN: must be finite and not negative; {integral}")),
        (of(Kind::Lqr, &[]), format!("0 gains: lqr takes 6: {weights}")),
        (
            of(Kind::LqrIntegral, &[1.0; 6]),
            format!(
                "6 gains: lqr_integral takes 7: {weights}, \
                 q_integral [1/(m·s)²] finite and greater than 0 (0.01 to 10000)"
            ),
        ),
    ] {
        assert_eq!(message, expected);
    }
    // Of several wrong gains the first is named; the error carries it.
    let Err(GainVectorError::Gain { spec: ControllerSpec::Integral(_), source }) =
        ControllerSpec::from_gains(Kind::Integral, &[-1.0; 9])
    else {
        panic!()
    };
    assert_eq!(source.name(), "q_x");
}
