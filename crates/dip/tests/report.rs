//! Reports as their readers see them: what is in the file, and in a browser what becomes of it.

mod program;

use std::fs::{create_dir, read_to_string, write};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{dip, done};

/// Runs are short, so that they take no time; the bands are wide, so that some settle in it.
const SHORT: &str = "[simulation]\nduration = 1.0\n[settling]\ntheta = 0.05\nx = 1.0\n";

/// A directory with the results of every command, each in a directory of its own.
fn results() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here.join("short.toml"), SHORT).unwrap();
    for arguments in [
        "compare --out compare",
        "compare --starts 4 --out starts",
        "simulate --controller adaptive --out simulate",
        "montecarlo --runs 8 --controllers hybrid,lqr --out montecarlo",
        "roa --controllers hybrid --grid 9 --out roa",
        "sensitivity --controller lqr --rows 4 --starts 2 --of control_effort --out sensitivity",
    ] {
        done(here, &format!("--config short.toml {arguments}"));
    }
    let trial = |name: &str, passed: bool| {
        let success = json!({ "value": 0.5, "low": 0.1, "high": 0.9 });
        json!({ "name": name, "runs": 8, "settled": 4, "success": success, "required": 0.99, "passed": passed,
                "settling_time_median": 2.5, "angle_settling_time_median": null,
                "control_effort_median": 3.0, "chattering_median": 4.0 })
    };
    create_dir(here.join("tune")).unwrap();
    let designed: Value = serde_json::from_str(&done(here, "design --json")).unwrap();
    let tuned = json!({
        "experiment": designed["experiment"], "schema": 1, "controller": "hybrid", "best_cost": 0.5, "version": "0.1.0",
        "verdict": "failed_verification", "verification_cost": 0.75, "plan": { "method": "cma_es", "seed": 3 },
        "training": [trial("near", true)], "verification": [trial("near", true), trial("far", false)],
        "gains": { "note": "</script><script>throw new Error('escaped')</script>" },
        "history": [
            { "generation": 0, "evaluations": 40, "best_cost": 2.0, "mean_cost": 5.0, "diversity": 1.0 },
            { "generation": 1, "evaluations": 80, "best_cost": 0.5, "mean_cost": null, "diversity": 0.2 },
        ],
        "front": [
            { "names": ["thrifty"], "control_effort": 1.0, "settling_time": 3.0, "chattering": 0.1, "verified": true },
            { "names": [], "control_effort": 2.0, "settling_time": 2.0, "chattering": 0.3, "verified": false },
        ],
        "provenance": { "command": ["dip", "tune", "--controller", "hybrid"], "processor": "any" },
    });
    write(here.join("tune/tune.json"), tuned.to_string()).unwrap();
    done(here, "report tune");
    directory
}

fn page(here: &Path, name: &str) -> String {
    read_to_string(here.join(name).join("report.html")).unwrap()
}

/// What a page was given.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script id=\"data\" type=\"application/json\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

/// The directories of [`results`], and the parts that a page of each has beside `provenance`.
const PAGES: [(&str, &[&str]); 7] = [
    ("compare", &["motion", "histories", "gains", "phase", "summary", "memory"]),
    ("starts", &["comparison"]),
    ("simulate", &["motion", "histories", "gains", "phase", "summary"]),
    ("montecarlo", &["montecarlo"]),
    ("roa", &["roa"]),
    ("sensitivity", &["sensitivity"]),
    ("tune", &["tune"]),
];

#[test]
fn every_command_leaves_a_page_that_needs_nothing_else() {
    let results = results();
    for (name, _) in PAGES {
        let page = page(results.path(), name);
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
        for tag in ["html", "head", "style", "body", "main", "script"] {
            let count = |text: &str| page.matches(text).count();
            let opened = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
            assert_eq!(opened, count(&format!("</{tag}>")), "{tag} in {name}");
        }
        assert!(!page.contains("{{"), "a place that was not filled in {name}");
        // Of the addresses in a page, all are names of SVG and XLink.
        let addresses = page.split("http").skip(1).filter(|rest| rest.starts_with([':', 's']));
        for address in addresses {
            assert!(address.starts_with("://www.w3.org/"), "{name} refers to http{address:.60}");
        }
        assert!(!page.contains("@import") && !page.contains("url(//"));
        assert!(page.len() < 2_000_000, "{name} has {} bytes", page.len());
    }
}

#[test]
fn a_page_is_given_documents_as_they_are_trajectories_and_pictures() {
    let results = results();
    let here = results.path();
    let of_compare = data(&page(here, "compare"));
    let summary: Value =
        serde_json::from_str(&read_to_string(here.join("compare/summary.json")).unwrap()).unwrap();
    assert_eq!(of_compare["documents"]["summary"], summary);
    let runs = of_compare["trajectories"].as_array().unwrap();
    assert_eq!(runs.len(), summary["controllers"].as_array().unwrap().len());
    for run in runs {
        assert_eq!(run["rows"], 1001);
        let mut columns =
            vec!["t", "x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot", "u", "sigma"];
        columns.extend(match run["name"].as_str().unwrap() {
            "super_twisting" => &["z"][..],
            "adaptive" => &["k"],
            "hybrid" => &["k1", "k2", "u_int"],
            "integral" => &["zeta"],
            "conditional_hybrid" => &["k", "z"],
            "lqr_integral" => &["xi"],
            _ => &[],
        });
        assert_eq!(run["columns"], json!(columns));
        let kept = run["kept"].as_array().unwrap();
        assert!(kept.iter().all(|row| row.as_array().unwrap().len() == columns.len()));
        assert_eq!((&kept[0][0], &kept[kept.len() - 1][0]), (&json!(0.0), &json!(1.0)));
    }
    for name in ["roa", "sensitivity"] {
        let of_picture = data(&page(here, name));
        let svg = read_to_string(here.join(name).join(format!("{name}.svg"))).unwrap();
        assert_eq!(of_picture["pictures"][name], svg);
        assert_eq!(of_picture["trajectories"], json!([]));
    }
    let of_tune = data(&page(here, "tune"));
    assert!(
        of_tune["documents"]["tune"]["gains"]["note"].as_str().unwrap().starts_with("</script>")
    );
}

#[test]
fn a_strip_has_its_poses() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    done(here, "simulate --controller hybrid --out run");
    done(here, "report run --strip strip.svg");
    let strip = read_to_string(here.join("strip.svg")).unwrap();
    assert_eq!(strip.matches("<circle").count(), 12);
    assert!(strip.contains("hybrid") && strip.contains(">0 s<"));
}

#[test]
fn an_animation_moves_and_is_small() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    done(here, "simulate --controller hybrid --out run");
    done(here, "report run --gif run.gif");
    let bytes = std::fs::read(here.join("run.gif")).unwrap();
    assert!(bytes.len() < 500_000, "{} bytes", bytes.len());
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(bytes.as_slice()).unwrap();
    let (mut frames, mut still) = (0, 0);
    let mut before: Option<Vec<u8>> = None;
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        frames += 1;
        // Some of it is drawn, and not all of it.
        let pixels = frame.buffer.chunks_exact(4);
        let (all, white) = (pixels.len(), pixels.filter(|pixel| pixel[..3] == [255; 3]).count());
        assert!(white > all / 2 && white < all, "{frames}");
        still += u32::from(before.as_deref() == Some(&frame.buffer));
        before = Some(frame.buffer.to_vec());
    }
    assert!(frames > 25 && still < frames / 4, "{still} of {frames} frames show what was before");
}

#[test]
fn what_is_wrong_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    create_dir(here.join("empty")).unwrap();
    create_dir(here.join("broken")).unwrap();
    write(here.join("broken/summary.json"), "{ \"schema\": 1, ").unwrap();
    create_dir(here.join("no_run")).unwrap();
    let designed: Value = serde_json::from_str(&done(here, "design --json")).unwrap();
    let of = |command: &str| {
        let command = json!({ "command": ["dip", command, "--controller", "lqr"] });
        json!({ "schema": 1, "version": "0.1.0", "provenance": command,
                "experiment": designed["experiment"] })
        .to_string()
    };
    write(here.join("no_run/tune.json"), of("tune")).unwrap();
    for (name, content) in [
        ("foreign", "{ \"controllers\": 3 }".to_owned()),
        ("list", "[1]".to_owned()),
        ("other", of("tune")),
        ("old", of("simulate").replace("\"schema\":1", "\"schema\":0")),
    ] {
        create_dir(here.join(name)).unwrap();
        write(here.join(name).join("summary.json"), content).unwrap();
    }
    for (arguments, message) in [
        ("report empty", "empty: no results here: there is none of summary.json, comparison.json"),
        ("report nowhere", "nowhere: no results here"),
        ("report broken", "summary.json: EOF while parsing"),
        (
            "report foreign",
            "foreign/summary.json: no result of this dip: schema is missing: must be 1",
        ),
        (
            "report list",
            "list/summary.json: no result of this dip: document = [1]: must be an object",
        ),
        ("report old", "old/summary.json: no result of this dip: schema = 0: must be 1"),
        ("report other", "provenance.command is of `dip tune`: must be of compare or simulate"),
        ("report no_run --strip strip.svg", "--strip: the directory has no trajectory"),
        ("report no_run --gif run.gif", "--gif: the directory has no trajectory"),
        ("report broken/summary.json", "broken/summary.json: a file, must be a directory"),
        ("report no_run --strip one.svg --gif one.svg", "--strip and --gif: must be two files"),
        ("report", "<DIR>"),
    ] {
        let output = dip(here, arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "dip {arguments}: {stderr}");
        assert!(stderr.contains(message), "dip {arguments}: {stderr}");
    }
}

/// What a browser made of a page.
struct Seen {
    /// What its script wrote to the console, errors that nobody caught among it.
    console: Vec<String>,
    /// What [`PROBE`] found.
    found: Value,
}

/// Presses the space bar as a reader would, and tells what is there as soon as the time has advanced, or does not
/// after long waiting.
const PROBE: &str = r#"<script>
const clock = () => document.getElementById("clock")?.textContent;
const pixels = () => document.querySelector("canvas")?.toDataURL();
const before = [clock(), pixels()];
document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true, cancelable: true }));
const look = () => {
  const all = selector => [...document.querySelectorAll(selector)];
  const found = {
    parts: all("section").map(part => part.id),
    clock_advances: before[0] !== clock(),
    pendulum_moves: before[1] !== pixels(),
    canvases: all("canvas").length,
    charts: all(".chart svg").length,
    empty_charts: all(".chart svg").filter(svg => svg.querySelectorAll("path, circle").length === 0).length,
    images: all("img").length,
    broken_images: all("img").filter(image => !image.naturalWidth).length,
    tables: all("table").length,
    verdict: all("section td").map(cell => cell.textContent).find(text => text.startsWith("failed ")),
    width: innerWidth,
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
  };
  parent.postMessage(JSON.stringify(found), "*");
};
// Time here is virtual, and leaps over frames that are not ready; messages are real work that it waits for.
const { port1, port2 } = new MessageChannel();
let messages = 0;
port1.onmessage = () => {
  messages += 1;
  const isDone = clock() ? clock() !== before[0] : document.readyState === "complete";
  if (isDone || messages === 300000) look();
  else if (messages % 1000 === 0) setTimeout(() => port2.postMessage(0), 20);
  else port2.postMessage(0);
};
port2.postMessage(0);
</script>"#;

/// Loads a page in a frame of this width: a window of a browser cannot be as narrow as a telephone.
fn seen(directory: &Path, page: &str, width: u32) -> Seen {
    write(directory.join("probed.html"), page.replace("</body>", &format!("{PROBE}</body>")))
        .unwrap();
    let frame = format!(
        "<!DOCTYPE html><title>nothing</title><body style=\"margin:0\">\
         <script>onmessage = ({{ data }}) => {{ document.title = data; }};</script>\
         <iframe src=\"probed.html\" style=\"border:0\" width=\"{width}\" height=\"900\"></iframe></body>"
    );
    write(directory.join("frame.html"), frame).unwrap();
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let output = Command::new(&browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--run-all-compositor-stages-before-draw",
        ])
        .args(["--enable-logging=stderr", "--window-size=1400,1000", "--virtual-time-budget=20000"])
        .arg(format!("--user-data-dir={}", directory.join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", directory.join("frame.html").display()))
        .output()
        .unwrap_or_else(|error| panic!("{browser} (or what CHROMIUM names) is needed: {error}"));
    let (dom, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    let title = dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    let found = title.and_then(|(title, _)| serde_json::from_str(title).ok()).unwrap_or_default();
    Seen { console, found }
}

/// What is wrong with a page in a browser; nothing, if it is as it should be.
fn faults(directory: &Path, page: &str, parts: &[&str], width: u32) -> Vec<String> {
    let Seen { mut console, found } = seen(directory, page, width);
    let mut expect = |what: &str, expected: Value| {
        if found[what] != expected {
            console.push(format!("{what}: {}, not {expected}", found[what]));
        }
    };
    let moves = parts.contains(&"motion");
    let runs = data(page)["trajectories"].as_array().unwrap().len();
    let is_tuned = parts.contains(&"tune");
    expect("width", json!(width));
    expect("parts", json!([parts, &["provenance"]].concat()));
    expect("clock_advances", json!(moves));
    expect("pendulum_moves", json!(moves));
    expect("canvases", json!(runs));
    // Five histories, what the laws remember, and two portraits; convergence, diversity, and three pairs of objectives.
    expect(
        "charts",
        json!(if moves {
            7 + remembered(&data(page)).len()
        } else if is_tuned {
            5
        } else {
            0
        }),
    );
    if is_tuned {
        // The search with its verdict, training, verification, and the points that have a name.
        expect("tables", json!(4));
        expect("verdict", json!("failed verification"));
    }
    expect("empty_charts", json!(0));
    expect("images", json!(data(page)["pictures"].as_object().unwrap().len()));
    expect("broken_images", json!(0));
    expect("overflow", json!(0));
    console
}

/// The gains and integrals of all runs, each once.
fn remembered(data: &Value) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for of in data["trajectories"].as_array().unwrap() {
        for of in of["remembered"].as_array().unwrap() {
            if !all.contains(of) {
                all.push(of.clone());
            }
        }
    }
    all
}

const WIDTHS: [u32; 2] = [360, 1280];

#[test]
#[ignore = "slow: needs chromium"]
fn every_page_is_whole_in_a_browser() {
    let results = results();
    let scratch = tempfile::tempdir().unwrap();
    for (name, parts) in PAGES {
        for width in WIDTHS {
            let faults = faults(scratch.path(), &page(results.path(), name), parts, width);
            assert!(faults.is_empty(), "{name} at {width} px: {faults:#?}");
        }
    }
}

/// Faults that the test before must see: an error of the script at once and later, an animation that stands
/// still, a part that is gone, a picture that is broken, a page wider than its window.
#[test]
#[ignore = "slow: needs chromium"]
fn planted_faults_are_seen_in_a_browser() {
    let results = results();
    let scratch = tempfile::tempdir().unwrap();
    for (name, from, to, message) in [
        (
            "simulate",
            "if (runs.length) motion();",
            "motion(); missing();",
            "missing is not defined",
        ),
        (
            "simulate",
            "  setPlaying = playing => {",
            "  setPlaying = playing => { gone();",
            "gone is not defined",
        ),
        ("simulate", "now + (time - before)", "now + 0 * (time - before)", "clock_advances: false"),
        ("simulate", "if (documents.summary) summary();", "", "parts: "),
        ("tune", "  trials(\"Verification: ", "  void (\"Verification: ", "tables: 3"),
        ("roa", "data:image/svg+xml,", "data:image/svg+xml,<", "broken_images: 1"),
        ("starts", "<main id", "<div style=\"width:2000px\">.</div><main id", "overflow: "),
    ] {
        let sound = page(results.path(), name);
        assert!(sound.contains(from), "{from} is not in the page");
        let (_, parts) = PAGES.into_iter().find(|(page, _)| *page == name).unwrap();
        let faults = faults(scratch.path(), &sound.replacen(from, to, 1), parts, 360);
        assert!(faults.iter().any(|fault| fault.contains(message)), "{message}: {faults:#?}");
    }
}
