//! What cannot be searched is refused at the door, with the name, the value and the rule.

use pso_optim::{Bounds, Error, Settings, Swarm};

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
    let new = |edit: fn(&mut Settings)| {
        let mut settings = Settings::default();
        edit(&mut settings);
        Swarm::new(Bounds::new([(0.0, 1.0)]).unwrap(), settings, 0)
    };
    check(new(|s| s.particles = 1), "particles = 1; must be at least 2 and at most 1000000");
    check(new(|s| s.inertia = 1.0), "inertia = 1; must be at least 0 and below 1");
    check(new(|s| s.inertia = -0.1), "inertia = -0.1; must be at least 0 and below 1");
    check(new(|s| s.inertia = f64::NAN), "inertia = NaN; must be at least 0 and below 1");
    check(new(|s| s.cognitive = -1.0), "cognitive = -1; must be between 0 and 4");
    check(new(|s| s.social = 4.5), "social = 4.5; must be between 0 and 4");
    check(new(|s| s.velocity_limit = 0.0), "velocity_limit = 0; must be above 0 and at most 1");
    check(new(|s| s.velocity_limit = 1.5), "velocity_limit = 1.5; must be above 0 and at most 1");
    check(new(|s| (s.cognitive, s.social) = (0.0, 0.0)), "cognitive + social = 0; must be above 0");
}

#[test]
fn bad_starting_points() {
    let new = |points: &[Vec<f64>]| {
        let bounds = Bounds::new([(0.0, 1.0), (-2.0, 2.0)]).unwrap();
        Swarm::starting_at(bounds, Settings { particles: 2, ..Settings::default() }, 0, points)
    };
    let good = vec![0.5, 0.5];
    check(
        new(&[good.clone(), good.clone(), good.clone()]),
        "3 starting points for 2 particles; must be at most one each",
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
    let read = serde_json::from_str::<Settings>;
    let settings = read(r#"{"particles": 25, "inertia": 0.6}"#).unwrap();
    assert_eq!(settings, Settings { particles: 25, inertia: 0.6, ..Settings::default() });
    let error = read(r#"{"intertia": 0.6}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `intertia`"), "{error}");
}

#[test]
#[should_panic(expected = "one cost per particle")]
fn costs_of_another_number_than_particles() {
    crate::swarm(1.0, 2, 0).tell(&[1.0; 39]);
}
