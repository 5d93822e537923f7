//! Series as a picture: a panel each, one below the other, over the same hours.
//!
//! Validated by `tests/soak.rs`: every series is in it, and it is well formed.

use kuva::prelude::{Figure, Layout, LinePlot, Plot, SvgBackend};

use crate::trend::Sample;

/// Points that a line has at most: about as many as it is wide.
const POINTS_MAX: usize = 1000;

const SECONDS_PER_HOUR: f64 = 3600.0;
const BYTES_PER_KIB: f64 = 1024.0;

/// An SVG with a panel for each series: a name, and samples in the order of time. Bytes are shown in
/// KiB, and time in hours.
pub fn svg(series: &[(&str, &[Sample])]) -> String {
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    for (i, (name, samples)) in series.iter().enumerate() {
        let stride = samples.len().div_ceil(POINTS_MAX).max(1);
        let points: Vec<(f64, f64)> = samples
            .iter()
            .step_by(stride)
            .map(|sample| (sample.t / SECONDS_PER_HOUR, sample.bytes / BYTES_PER_KIB))
            .collect();
        let top = points.iter().map(|point| point.1).fold(0.0, f64::max);
        let lines = vec![Plot::Line(
            LinePlot::new().with_data(points).with_color("#0072B2").with_stroke_width(1.5),
        )];
        // From zero on: a page more is no mountain.
        let mut layout = Layout::auto_from_plots(&lines)
            .with_y_label(format!("{name} [KiB]"))
            .with_y_axis_min(0.0)
            .with_y_axis_max(if top > 0.0 { 1.1 * top } else { 1.0 })
            .with_force_margins(90.0, 20.0);
        if i + 1 == series.len() {
            layout = layout.with_x_label("t [h]");
        }
        plots.push(lines);
        layouts.push(layout);
    }
    let scene = Figure::new(series.len(), 1)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(800.0, 220.0)
        .render();
    SvgBackend::new().render_scene(&scene)
}
