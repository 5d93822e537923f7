//! `dip roa`: maps of the regions of attraction, as a picture, as points, and in figures.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;
use sim_runner::{Attraction, AttractionMap, Experiment, Grid};

use crate::cli::RoaArgs;
use crate::input::{InputError, Source};
use crate::layers::Config;
use crate::output::{Output, SCHEMA, VERSION};
use crate::picture::Canvas;
use crate::provenance::{Origin, Provenance};
use crate::results::Results;
use crate::roa_picture;
use crate::terminal::{cell, progress_bar, significant, significant_cell, table};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "roa")]
pub(crate) struct Document {
    schema: u32,
    #[serde(flatten)]
    grid: Grid,
    seed: u64,
    controllers: Vec<Row>,
    version: &'static str,
    provenance: Provenance,
    experiment: Experiment,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "roa_controller")]
struct Row {
    #[serde(flatten)]
    attraction: Attraction,
    /// The area as a multiple of that of the LQR; none if that has none.
    area_of_lqr: Option<f64>,
}

pub(crate) fn run(config: &Config, output: &Output, args: &RoaArgs) -> Result<()> {
    let mut source = Source::load(config)?;
    for path in &args.gains {
        source.set_gains(path)?;
    }
    let kinds = args.kinds();
    source.warn(&kinds);
    let grid = Grid::new(args.range, args.grid).map_err(|error| InputError::new(&error))?;
    let experiment = source.experiment();
    let origin = Origin::of_this(args.seed, experiment);
    let results = Results::claim(&args.out, "roa.json", origin, output.present())?;
    let (picture, rows, draft) =
        (Canvas::begin(&results, "roa")?, results.begin("roa.csv")?, results.begin_document()?);

    let bar = progress_bar(grid.cells() * kinds.len() as u64, "runs");
    let maps: Vec<AttractionMap> = kinds
        .iter()
        .map(|&kind| {
            bar.set_message(kind.name());
            source.checked(|experiment| {
                AttractionMap::new(experiment, kind, grid, args.seed, || bar.inc(1))
            })
        })
        .collect::<Result<_, _>>()?;
    bar.finish_and_clear();

    let document = Document {
        schema: SCHEMA,
        grid,
        seed: args.seed,
        controllers: beside_the_first(&maps),
        version: VERSION,
        provenance: Provenance::of_this(Some(args.seed)),
        experiment: source.experiment().clone(),
    };
    roa_picture::write(picture, &maps)?;
    rows.finish(|file| write_points(file, &maps))?;
    draft.finish_json(&document)?;
    results.publish()?;
    output.show(&document, || in_words(&document, &args.out))
}

/// The maps in figures, with the first one as the measure of all.
fn beside_the_first(maps: &[AttractionMap]) -> Vec<Row> {
    let attractions = maps.iter().map(AttractionMap::attraction);
    let mut measure = None;
    attractions
        .map(|attraction| {
            let measure = *measure.get_or_insert(attraction.area);
            let area_of_lqr = (measure > 0.0).then(|| attraction.area / measure);
            Row { attraction, area_of_lqr }
        })
        .collect()
}

fn write_points(file: impl Write, maps: &[AttractionMap]) -> Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    for point in maps.iter().flat_map(|map| &map.points) {
        csv.serialize(point)?;
    }
    Ok(csv.flush()?)
}

fn in_words(document: &Document, out: &Path) -> String {
    let Document { grid, controllers, experiment, .. } = document;
    let mut table = table(&[
        "controller",
        "settled\n[%]",
        "up\n[%]",
        "lost\n[%]",
        "area\n[rad²]",
        "area\n/LQR",
        "square\n[rad]",
    ]);
    for Row { attraction, area_of_lqr } in controllers {
        let percent = |count: u64| cell(Some(100.0 * count as f64 / attraction.points as f64), 1);
        let Attraction { fallen, off_track, diverged, .. } = attraction;
        table.add_row([
            attraction.name.to_string(),
            percent(attraction.settled),
            percent(attraction.not_settled),
            percent(fallen + off_track + diverged),
            cell(Some(attraction.area), 3),
            cell(*area_of_lqr, 3),
            significant_cell(attraction.square, 3),
        ]);
    }
    format!(
        "{points}×{points} starts at rest, |θ1|, |θ2| ≤ {range} rad, {duration} s each\n{table}\n\
         settled: share of the starts from which the law settles; up: not settled, but\n\
         not fallen; lost: fallen, off the track or diverged. area: the cells of the\n\
         starts that settled, and as a multiple of that of the LQR. square: the largest\n\
         |θ1|, |θ2| up to which all starts settled.\n\
         {out}: report.html, roa.svg, roa.csv, roa.json\n",
        points = grid.points(),
        range = significant(grid.range(), 6),
        duration = significant(experiment.simulation.duration, 6),
        table = table.trim_fmt(),
        out = out.display(),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sim_runner::{Attraction, Experiment, Grid};
    use smc_controllers::Kind;

    use super::{Document, Row, in_words};
    use crate::output::{SCHEMA, VERSION};
    use crate::provenance::Provenance;

    #[test]
    fn the_widest_numbers_fit_eighty_columns() {
        let huge = |name| Attraction {
            name,
            points: 1_002_001,
            settled: 1_002_001,
            not_settled: 1_002_001,
            fallen: 1_002_001,
            off_track: 0,
            diverged: 0,
            settled_share: 1.0,
            area: 39.478_417_604_357_43,
            square: Some(0.001_234_567_89),
        };
        let row = |name| Row { attraction: huge(name), area_of_lqr: Some(1_002_001.0) };
        let document = Document {
            schema: SCHEMA,
            grid: Grid::new(0.123_456_789, 1001).unwrap(),
            seed: u64::MAX,
            controllers: Kind::ALL.map(row).into(),
            version: VERSION,
            provenance: Provenance::of_this(None),
            experiment: Experiment::default(),
        };
        for line in in_words(&document, Path::new("out")).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
