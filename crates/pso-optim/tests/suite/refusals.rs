//! What cannot be searched is refused at the door, with the name, the value and the rule.

use pso_optim::{
    Bounds, CmaEs, CmaEsSettings, Design, DifferentialEvolution, DifferentialEvolutionSettings,
    Error, Inertia, Neighbourhood, Nsga2, Nsga2Settings, Optimiser, Restart, Strategy, Swarm,
    SwarmSettings,
};

fn check<T: std::fmt::Debug>(result: Result<T, Error>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn bad_bounds() {
    let new = |limits: &[(f64, f64)]| Bounds::new(limits.iter().copied());
    let rule = "must be finite with lower < upper and magnitudes of at most 1e300";
    let (inf, nan) = (f64::INFINITY, f64::NAN);

    check(new(&[]), "bounds are empty; a search needs at least one dimension");
    check(new(&[(1.0, 1.0)]), &format!("bounds[0] = [1, 1]; {rule}"));
    check(new(&[(0.0, 1.0), (2.0, -3.5)]), &format!("bounds[1] = [2, -3.5]; {rule}"));
    check(new(&[(nan, 1.0)]), &format!("bounds[0] = [NaN, 1]; {rule}"));
    check(new(&[(0.0, nan)]), &format!("bounds[0] = [0, NaN]; {rule}"));
    check(new(&[(0.0, inf)]), &format!("bounds[0] = [0, inf]; {rule}"));
    check(new(&[(-inf, 0.0)]), &format!("bounds[0] = [-inf, 0]; {rule}"));
    assert!(new(&[(0.0, 1.1e300)]).is_err());
    assert!(new(&[(-Bounds::LARGEST, Bounds::LARGEST)]).is_ok());
}

#[test]
fn bad_settings() {
    let new = |edit: fn(&mut SwarmSettings)| {
        let mut settings = SwarmSettings::default();
        edit(&mut settings);
        Swarm::new(Bounds::new([(0.0, 1.0)]).unwrap(), settings, 0)
    };
    check(new(|s| s.particles = 1), "particles = 1; must be at least 2 and at most 1000000");
    let inertia = |inertia| {
        let settings = SwarmSettings { inertia, ..SwarmSettings::default() };
        Swarm::new(Bounds::new([(0.0, 1.0)]).unwrap(), settings, 0)
    };
    let constant = |w| inertia(Inertia::Constant(w));
    check(constant(1.0), "inertia = 1; must be at least 0 and below 1");
    check(constant(-0.1), "inertia = -0.1; must be at least 0 and below 1");
    check(constant(f64::NAN), "inertia = NaN; must be at least 0 and below 1");
    let line = |from, to, generations| inertia(Inertia::Linear { from, to, generations });
    check(line(1.1, 0.4, 9), "inertia.from = 1.1; must be between 0 and 1");
    check(line(0.9, f64::NAN, 9), "inertia.to = NaN; must be between 0 and 1");
    check(line(0.9, 0.4, 0), "inertia.generations = 0; must be at least 1");
    let random = |from, to| inertia(Inertia::Random { from, to });
    check(random(-1.0, 0.5), "inertia.from = -1; must be between 0 and 1");
    check(random(0.6, 0.5), "inertia.to = 0.5; must be at least inertia.from");
    let rule = "must be above 4 for constriction";
    check(inertia(Inertia::Constriction), &format!("cognitive + social = 2.3862; {rule}"));
    let restart = |s: &mut SwarmSettings| s.restart = Restart::AfterStagnation(0);
    check(new(restart), "restart.after_stagnation = 0; must be at least 1");
    check(
        new(|s| (s.design, s.particles) = (Design::Sobol, 65537)),
        "candidates of a Sobol design = 65537; must be at most 65536",
    );
    check(new(|s| s.cognitive = -1.0), "cognitive = -1; must be between 0 and 4");
    check(new(|s| s.social = 4.5), "social = 4.5; must be between 0 and 4");
    check(new(|s| s.velocity_limit = 0.0), "velocity_limit = 0; must be above 0 and at most 1");
    check(new(|s| s.velocity_limit = 1.5), "velocity_limit = 1.5; must be above 0 and at most 1");
    check(new(|s| (s.cognitive, s.social) = (0.0, 0.0)), "cognitive + social = 0; must be above 0");
}

#[test]
fn bad_settings_of_the_others() {
    let unit = || Bounds::new([(0.0, 1.0)]).unwrap();
    let cma = |candidates, step| CmaEs::new(unit(), CmaEsSettings { candidates, step }, 0);
    check(cma(Some(3), 0.3), "candidates = 3; must be at least 4 and at most 1000000");
    check(cma(None, 0.0), "step = 0; must be above 0 and at most 1");
    check(cma(None, f64::NAN), "step = NaN; must be above 0 and at most 1");

    let evolution = |members, strategy| {
        let settings = DifferentialEvolutionSettings { members, strategy, ..Default::default() };
        DifferentialEvolution::new(unit(), settings, 0)
    };
    check(evolution(3, Strategy::Shade), "members = 3; must be at least 4 and at most 1000000");
    let rand1 = |factor, crossover| evolution(9, Strategy::Rand1 { factor, crossover });
    check(rand1(0.0, 0.9), "strategy.factor = 0; must be above 0 and at most 2");
    check(rand1(0.5, 1.1), "strategy.crossover = 1.1; must be between 0 and 1");

    let genetic = |edit: fn(&mut Nsga2Settings)| {
        let mut settings = Nsga2Settings::default();
        edit(&mut settings);
        Nsga2::new(unit(), settings, 0)
    };
    check(genetic(|s| s.objectives = 1), "objectives = 1; must be at least 2 and at most 1000");
    check(genetic(|s| s.members = 7), "members = 7; must be even, at least 4 and at most 1000000");
    check(
        genetic(|s| s.archive = 3),
        "archive = 3; must be at least two for each objective and at most 1000000",
    );
    check(genetic(|s| s.crossover = -0.1), "crossover = -0.1; must be between 0 and 1");
    check(
        genetic(|s| s.crossover_index = -1.0),
        "crossover_index = -1; must be between 0 and 1000",
    );
    check(
        genetic(|s| s.mutation_index = f64::INFINITY),
        "mutation_index = inf; must be between 0 and 1000",
    );
}

#[test]
fn bad_starting_points() {
    let new = |points: &[Vec<f64>]| {
        let bounds = Bounds::new([(0.0, 1.0), (-2.0, 2.0)]).unwrap();
        Swarm::starting_at(
            bounds,
            SwarmSettings { particles: 2, ..SwarmSettings::default() },
            0,
            points,
        )
    };
    let good = vec![0.5, 0.5];
    check(
        new(&[good.clone(), good.clone(), good.clone()]),
        "3 starting points for 2 candidates; must be at most one each",
    );
    check(
        new(&[good.clone(), vec![0.5]]),
        "starting point 1 has 1 coordinates; must be 2, one per bound",
    );
    check(new(&[vec![0.5, 2.5]]), "starting point 0[1] = 2.5; must lie in [-2, 2]");
    check(new(&[good, vec![f64::NAN, 0.0]]), "starting point 1[0] = NaN; must lie in [0, 1]");
}

/// A file names what it changes; a misspelt field is not a default in disguise.
#[test]
fn settings_are_read_from_files() {
    let read = serde_json::from_str::<SwarmSettings>;
    let settings = read(
        r#"{"particles": 25, "inertia": {"linear": {"from": 0.9, "to": 0.4, "generations": 100}},
            "neighbourhood": "ring", "restart": {"after_stagnation": 30}}"#,
    )
    .unwrap();
    let expected = SwarmSettings {
        particles: 25,
        inertia: Inertia::Linear { from: 0.9, to: 0.4, generations: 100 },
        neighbourhood: Neighbourhood::Ring,
        restart: Restart::AfterStagnation(30),
        ..SwarmSettings::default()
    };
    assert_eq!(settings, expected);
    let constant = read(r#"{"inertia": {"constant": 0.6}, "restart": "never"}"#).unwrap();
    assert_eq!((constant.inertia, constant.restart), (Inertia::Constant(0.6), Restart::Never));
    let error = read(r#"{"intertia": 0.6}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `intertia`"), "{error}");

    let bounds = serde_json::from_str::<Bounds>("[[0.0, 1.0], [2.0, -3.5]]").unwrap_err();
    assert!(bounds.to_string().starts_with("bounds[1] = [2, -3.5]; must be"), "{bounds}");
}

#[test]
#[should_panic(expected = "one cost per candidate")]
fn costs_of_another_number_than_candidates() {
    crate::swarm(1.0, 2, 0).tell(&[1.0; 19]);
}
