//! `dip design`: the linearised plant, a surface with its poles, the LQR gain.

use anyhow::Result;
use dip_dynamics::State;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::Experiment;
use smc_controllers::{
    ControllerSpec, FarSurface, Kind, LqrSpec, Pole, PositiveForm, Surface, SurfaceDesign, Weights,
    lqr_gain,
};

use crate::cli::DesignArgs;
use crate::input::{InputError, Source};
use crate::layers::Config;
use crate::output::{Output, SCHEMA, VERSION};
use crate::provenance::Provenance;
use crate::terminal::significant;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "design")]
pub(crate) struct Document {
    schema: u32,
    a: [[f64; 6]; 6],
    b: [f64; 6],
    #[serde(flatten)]
    near: Shown,
    /// Far from upright, if the surface is another there.
    far: Option<Far>,
    lqr_gain: [f64; 6],
    /// In N/s; only of the super-twisting law.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_rate: Option<f64>,
    version: &'static str,
    provenance: Provenance,
    /// Of the plant and the surfaces.
    experiment: Experiment,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "design_far")]
struct Far {
    width: f64,
    #[serde(flatten)]
    shown: Shown,
}

/// A surface, all that it means, and how else it can be written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "design_surface")]
struct Shown {
    surface: [f64; 6],
    /// Always as `[re, im]`.
    sliding_poles: [[f64; 2]; 5],
    /// Of each pole; none at the origin.
    damping: [Option<f64>; 5],
    /// Of each pole; in JSON `null` if it is infinite.
    #[schemars(with = "[Option<f64>; 5]")]
    condition_numbers: [f64; 5],
    /// None if the signs do not allow it.
    absolute: Option<Form>,
    relative: Option<Form>,
}

/// The numbers of a positive form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "design_form")]
struct Form {
    c_x: f64,
    lambda_x: f64,
    c1: f64,
    lambda1: f64,
    c2: f64,
    lambda2: f64,
}

impl Form {
    const NAMES: [&str; 6] = ["c_x", "lambda_x", "c1", "lambda1", "c2", "lambda2"];

    fn to_array(self) -> [f64; 6] {
        let Self { c_x, lambda_x, c1, lambda1, c2, lambda2 } = self;
        [c_x, lambda_x, c1, lambda1, c2, lambda2]
    }

    /// `c_x(ẋ + λ_x·x) − c1(θ̇1 + λ1·θ1) + c2(θ̇2 + λ2·θ2)`, up to the sign of all.
    fn absolute(s: [f64; 6]) -> Option<Self> {
        let [x, theta1, theta2, x_dot, theta1_dot, theta2_dot] = with_cart_positive(s);
        Self::of([(x_dot, x), (-theta1_dot, -theta1), (theta2_dot, theta2)])
    }

    /// `c_x(ẋ + λ_x·x) + c1(θ̇1 + λ1·θ1) + c2((θ̇2 − θ̇1) + λ2(θ2 − θ1))`, up to the sign of all.
    fn relative(s: [f64; 6]) -> Option<Self> {
        let [x, theta1, theta2, x_dot, theta1_dot, theta2_dot] = with_cart_positive(s);
        Self::of([(x_dot, x), (theta1_dot + theta2_dot, theta1 + theta2), (theta2_dot, theta2)])
    }

    /// From `c` and `c·λ` of each coordinate; all of them have to be positive.
    fn of(pairs: [(f64, f64); 3]) -> Option<Self> {
        if !pairs.iter().all(|&(c, c_lambda)| c > 0.0 && c_lambda > 0.0) {
            return None;
        }
        let [(c_x, lambda_x), (c1, lambda1), (c2, lambda2)] =
            pairs.map(|(c, c_lambda)| (c, c_lambda / c));
        Some(Self { c_x, lambda_x, c1, lambda1, c2, lambda2 })
    }
}

fn with_cart_positive(s: [f64; 6]) -> [f64; 6] {
    let sign = State::from_array(s).x_dot.signum();
    s.map(|coefficient| sign * coefficient)
}

impl Shown {
    fn of(surface: [f64; 6], poles: [Pole; 5], condition_numbers: [f64; 5]) -> Self {
        Self {
            surface,
            sliding_poles: poles.map(|pole| [pole.re, pole.im]),
            damping: poles.map(Pole::damping),
            condition_numbers,
            absolute: Form::absolute(surface),
            relative: Form::relative(surface),
        }
    }
}

pub(crate) fn run(config: &Config, output: &Output, args: &DesignArgs) -> Result<()> {
    let source = Source::load(config)?;
    let linear = source.checked(Experiment::model)?.linearise(&State::UPRIGHT, 0.0);
    let LqrSpec { weights: baseline } = source.experiment().controllers.lqr;
    let weights = args.q.zip(args.r).map_or(baseline, |(q, r)| Weights { q, r });
    let given = given(args);
    let spec = given.is_none().then(|| {
        let kind = args.controller.unwrap_or(Kind::Classical);
        source.warn(&[kind]);
        source.experiment().controllers.get(kind)
    });
    let surface = match given {
        Some((option, design)) => design
            .design(&linear)
            .map_err(|error| InputError::new(&format!("--{option}: {error}")))?,
        None => surface_of(spec.as_ref().expect("nothing else was given"))
            .design(&linear)
            .map_err(|error| InputError::new(&error))?,
    };
    let Surface { s, sliding_poles, condition_numbers, far } = surface;
    let far = far.map(|FarSurface { s, sliding_poles, condition_numbers, width }| Far {
        width,
        shown: Shown::of(s.transpose().into(), sliding_poles, condition_numbers),
    });
    let k = lqr_gain(&linear, &weights).map_err(|error| InputError::new(&error))?;
    let document = Document {
        schema: SCHEMA,
        a: linear.a.transpose().into(),
        b: linear.b.into(),
        near: Shown::of(s.transpose().into(), sliding_poles, condition_numbers),
        far,
        lqr_gain: k.transpose().into(),
        rejected_rate: spec.as_ref().and_then(rejected_rate),
        version: VERSION,
        provenance: Provenance::of_this(None),
        experiment: source.experiment().clone(),
    };
    output.show(&document, || in_words(&document))
}

/// The design that was typed, and by which option.
fn given(args: &DesignArgs) -> Option<(&'static str, SurfaceDesign)> {
    let allow_unstable = args.allow_unstable;
    let form = |[c_x, lambda_x, c1, lambda1, c2, lambda2]: [f64; 6]| PositiveForm {
        c_x,
        lambda_x,
        c1,
        lambda1,
        c2,
        lambda2,
        allow_unstable,
    };
    let weights = args.q.zip(args.r).map(|(q, r)| SurfaceDesign::Lqr(Weights { q, r }));
    let coefficients = args.coefficients.map(|s| SurfaceDesign::Coefficients { s, allow_unstable });
    [
        ("q", weights),
        ("poles", args.poles.map(SurfaceDesign::Poles)),
        ("coefficients", coefficients),
        ("absolute", args.absolute.map(|numbers| SurfaceDesign::Absolute(form(numbers)))),
        ("relative", args.relative.map(|numbers| SurfaceDesign::Relative(form(numbers)))),
    ]
    .into_iter()
    .find_map(|(option, design)| Some((option, design?)))
}

/// What the gains of a super-twisting law are good for.
fn rejected_rate(spec: &ControllerSpec) -> Option<f64> {
    match spec {
        ControllerSpec::SuperTwisting(spec) => Some(spec.rejected_rate()),
        _ => None,
    }
}

/// A law that follows a regulator has no surface; the one that its weights would give is shown.
fn surface_of(spec: &ControllerSpec) -> SurfaceDesign {
    match (spec.surface(), spec) {
        (Some(design), _) => *design,
        (None, ControllerSpec::Lqr(LqrSpec { weights })) => SurfaceDesign::Lqr(*weights),
        (None, ControllerSpec::LqrIntegral(spec)) => SurfaceDesign::Lqr(spec.weights),
        (None, ControllerSpec::Integral(spec)) => SurfaceDesign::Lqr(spec.weights),
        (None, other) => unreachable!("{} has a surface", other.kind()),
    }
}

fn in_words(document: &Document) -> String {
    let mut text = names(State::NAMES);
    for (name, numbers) in State::NAMES.iter().zip(&document.a) {
        text += &row(&format!("A {name}"), numbers);
    }
    text += &row("B", &document.b);
    text += "\n";
    text += &row("surface s", &document.near.surface);
    text += &row("LQR gain K", &document.lqr_gain);
    text += &meaning_of(&document.near);
    if let Some(Far { width, shown }) = &document.far {
        text += &format!("\nfar from upright, where the two differ by more than {width} N·s\n\n");
        text += &names(State::NAMES);
        text += &row("surface s", &shown.surface);
        text += &meaning_of(shown);
    }
    if let Some(rate) = document.rejected_rate {
        text += &format!(
            "\nk1 and k2 reject any matched disturbance that changes by up to {rate:.1} N/s\n"
        );
    }
    text
}

/// The poles and the positive forms of a surface.
fn meaning_of(shown: &Shown) -> String {
    let mut text = "\nsliding poles [rad/s]        damping   condition\n".to_owned();
    for ((&[re, im], damping), condition) in
        shown.sliding_poles.iter().zip(shown.damping).zip(shown.condition_numbers)
    {
        let damping = damping.map_or("–".to_owned(), |damping| format!("{damping:.3}"));
        let remark = if re < 0.0 { "" } else { "   does not decay" };
        text += &format!(
            "  {re:>10.4} {im:>+10.4}i {damping:>11} {:>11}{remark}\n",
            significant(condition, 4)
        );
    }
    text += "\n";
    text += &names(Form::NAMES);
    for (name, form) in [("absolute", shown.absolute), ("relative", shown.relative)] {
        text += &match form {
            Some(form) => row(name, &form.to_array()),
            None => format!("{name:<12}   the signs of s do not allow it\n"),
        };
    }
    text
}

fn row(name: &str, numbers: &[f64]) -> String {
    numbers.iter().fold(format!("{name:<12}"), |text, &number| text + &column(number)) + "\n"
}

/// Four decimals where there is room for them.
fn column(number: f64) -> String {
    let fixed = format!("{number:>11.4}");
    if fixed.chars().count() > 11 || !fixed.starts_with(' ') {
        format!("{number:>11.2e}")
    } else {
        fixed
    }
}

fn names(names: [&str; 6]) -> String {
    names.iter().fold(format!("{:<12}", ""), |text, name| text + &format!("{name:>11}")) + "\n"
}

#[cfg(test)]
mod tests {
    use super::{Form, column};

    #[test]
    fn a_surface_is_written_in_the_forms_that_its_signs_allow() {
        let form = |[c_x, lambda_x, c1, lambda1, c2, lambda2]: [f64; 6]| Form {
            c_x,
            lambda_x,
            c1,
            lambda1,
            c2,
            lambda2,
        };
        // c_x(ẋ + λ_x·x) − c1(θ̇1 + λ1·θ1) + c2(θ̇2 + λ2·θ2)
        let s = [3.0, -8.0, 30.0, 1.5, -2.0, 5.0];
        let expected = form([1.5, 2.0, 2.0, 4.0, 5.0, 6.0]);
        assert_eq!(Form::absolute(s), Some(expected));
        assert_eq!(Form::absolute(s.map(|c| -c)), Some(expected));
        // The same with θ̇2 − θ̇1 and θ2 − θ1: c1 = −2 + 5, c1·λ1 = −8 + 30.
        let expected = form([1.5, 2.0, 3.0, 22.0 / 3.0, 5.0, 6.0]);
        assert_eq!(Form::relative(s), Some(expected));
        assert_eq!(Form::relative(s.map(|c| -c)), Some(expected));
        for i in 0..6 {
            for value in [0.0, -s[i]] {
                let mut other = s;
                other[i] = value;
                assert_eq!(Form::absolute(other), None, "{other:?}");
            }
        }
        let outweighed = [3.0, -31.0, 30.0, 1.5, -2.0, 5.0];
        assert_eq!(Form::relative(outweighed), None);
        assert!(Form::absolute(outweighed).is_some());
    }

    #[test]
    fn a_column_is_never_wider_than_its_place() {
        for (number, expected) in
            [(1.0, "     1.0000"), (-1_234.567_89, " -1234.5679"), (-123_456.0, "    -1.23e5")]
        {
            assert_eq!(column(number), expected);
        }
        assert_eq!(column(f64::MAX).chars().count(), 11);
    }
}
