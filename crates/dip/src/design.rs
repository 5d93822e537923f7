//! `dip design`: the linearised plant, a surface with its poles, the LQR gain.

use std::path::Path;

use anyhow::Result;
use dip_dynamics::State;
use serde::Serialize;
use smc_controllers::{ControllerSpec, LqrSpec, SurfaceDesign, Weights, lqr_gain};

use crate::cli::DesignArgs;
use crate::input::{InputError, Source};
use crate::output::{SCHEMA, print, print_json};

#[derive(Serialize)]
struct Document {
    schema: u32,
    a: [[f64; 6]; 6],
    b: [f64; 6],
    surface: [f64; 6],
    /// Always as `[re, im]`.
    sliding_poles: [[f64; 2]; 5],
    lqr_gain: [f64; 6],
    /// In N/s; only of the super-twisting law.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_rate: Option<f64>,
}

pub(crate) fn run(config: Option<&Path>, json: bool, args: &DesignArgs) -> Result<()> {
    let source = Source::load(config)?;
    let linear = source.checked(sim_runner::Experiment::model)?.linearise(&State::UPRIGHT, 0.0);
    let LqrSpec { weights: baseline } = source.experiment().controllers.lqr;
    let (design, weights) = match (args.q.zip(args.r), args.poles) {
        (Some((q, r)), _) => {
            let weights = Weights { q, r };
            (SurfaceDesign::Lqr(weights), weights)
        }
        (None, Some(poles)) => (SurfaceDesign::Poles(poles), baseline),
        (None, None) => (surface_of(&source, args), baseline),
    };
    let surface = design.design(&linear).map_err(|error| InputError::new(&error))?;
    let k = lqr_gain(&linear, &weights).map_err(|error| InputError::new(&error))?;
    let document = Document {
        schema: SCHEMA,
        a: linear.a.transpose().into(),
        b: linear.b.into(),
        surface: surface.s.transpose().into(),
        sliding_poles: surface.sliding_poles.map(|pole| [pole.re, pole.im]),
        lqr_gain: k.transpose().into(),
        rejected_rate: rejected_rate(&source, args),
    };
    if json { print_json(&document) } else { print(&in_words(&document)) }
}

/// What the gains of a super-twisting law are good for.
fn rejected_rate(source: &Source, args: &DesignArgs) -> Option<f64> {
    match source.experiment().controllers.get(args.controller) {
        ControllerSpec::SuperTwisting(spec) => spec.rejected_rate(),
        _ => None,
    }
}

/// A law that follows a regulator has no surface; the one that its weights would give is shown.
fn surface_of(source: &Source, args: &DesignArgs) -> SurfaceDesign {
    let spec = source.experiment().controllers.get(args.controller);
    match (spec.surface(), spec) {
        (Some(design), _) => *design,
        (None, ControllerSpec::Lqr(LqrSpec { weights })) => SurfaceDesign::Lqr(weights),
        (None, ControllerSpec::LqrIntegral(spec)) => SurfaceDesign::Lqr(spec.weights),
        (None, ControllerSpec::Integral(spec)) => SurfaceDesign::Lqr(spec.weights),
        (None, other) => unreachable!("{} has a surface", other.kind()),
    }
}

fn in_words(document: &Document) -> String {
    let row = |name: &str, numbers: &[f64]| {
        numbers.iter().fold(format!("{name:<12}"), |text, number| text + &format!("{number:>11.4}"))
            + "\n"
    };
    let mut text = row_of_names();
    for (name, numbers) in State::NAMES.iter().zip(&document.a) {
        text += &row(&format!("A {name}"), numbers);
    }
    text += &row("B", &document.b);
    text += "\n";
    text += &row("surface s", &document.surface);
    text += &row("LQR gain K", &document.lqr_gain);
    text += "\nsliding poles [rad/s]\n";
    for [re, im] in document.sliding_poles {
        let what = if re < 0.0 {
            format!("damping {:.3}", -re / re.hypot(im))
        } else {
            "does not decay".to_owned()
        };
        text += &format!("  {re:>10.4} {im:>+10.4}i   {what}\n");
    }
    if let Some(rate) = document.rejected_rate {
        text += &format!(
            "\nk1 and k2 reject any matched disturbance that changes by up to {rate:.1} N/s\n"
        );
    }
    text
}

fn row_of_names() -> String {
    State::NAMES.iter().fold(format!("{:<12}", ""), |text, name| text + &format!("{name:>11}"))
        + "\n"
}
