//! The dependency graph of the workspace is the layer picture of ARCHITECTURE.md: every member is
//! in the picture once, and every dependency goes strictly down, those of tests and builds included.
//! Only the memory gates may stand beside what they test.

use std::collections::BTreeMap;

use cargo_metadata::DependencyKind::{Build, Development, Normal};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The picture is a fenced block of this kind, a line a layer: `L1  smc-controllers  pso-optim`.
const FENCE: &str = "```layers";

/// What everybody may depend on in tests, from the same layer too.
const GATES: &str = "memcheck";

/// Members and their dependencies, of which those that are no members do not matter.
type Graph<'a> = BTreeMap<&'a str, Vec<(&'a str, DependencyKind)>>;

#[test]
fn dependencies_go_down() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let architecture = std::fs::read_to_string(format!("{root}/ARCHITECTURE.md")).unwrap();
    let metadata = MetadataCommand::new()
        .manifest_path(format!("{root}/Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    assert_eq!(faults(picture(&architecture), &graph(&metadata)), Vec::<String>::new());
}

fn graph(metadata: &Metadata) -> Graph<'_> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|Package { name, dependencies, .. }| {
            (name.as_str(), dependencies.iter().map(|d| (d.name.as_str(), d.kind)).collect())
        })
        .collect()
}

/// The lines between the fences.
fn picture(architecture: &str) -> &str {
    let (_, after) = architecture.split_once(FENCE).expect("there is a picture of the layers");
    let (picture, _) = after.split_once("```").expect("the picture of the layers ends");
    picture
}

/// What is wrong with the picture, or with the graph.
fn faults(picture: &str, graph: &Graph<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut layers: BTreeMap<&str, u32> = BTreeMap::new();
    for line in picture.lines().filter(|line| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let layer = words.next().and_then(|word| word.strip_prefix('L')?.parse().ok());
        let Some(layer) = layer else {
            faults.push(format!("no layer: {}", line.trim()));
            continue;
        };
        for name in words {
            if layers.insert(name, layer).is_some() {
                faults.push(format!("{name} is in the picture twice"));
            }
            if !graph.contains_key(name) {
                faults.push(format!("{name} is in the picture, but not in the workspace"));
            }
        }
    }
    for (name, dependencies) in graph {
        let Some(layer) = layers.get(name) else {
            faults.push(format!("{name} is not in the picture"));
            continue;
        };
        for (dependency, kind) in dependencies {
            let is_gate = *dependency == GATES && *kind == DependencyKind::Development;
            if let Some(below) = layers.get(dependency)
                && below >= layer
                && !is_gate
            {
                faults.push(format!("{name} (L{layer}) depends on {dependency} (L{below})"));
            }
        }
    }
    faults
}

const PICTURE: &str = "
    L2  command
    L1  laws     swarm
    L0  physics  memcheck
";

/// A graph that is as in `PICTURE`.
fn right() -> Graph<'static> {
    Graph::from([
        ("command", vec![("laws", Normal), ("swarm", Normal), ("memcheck", Normal)]),
        ("laws", vec![("physics", Normal), ("memcheck", Development), ("serde", Normal)]),
        ("swarm", vec![]),
        ("physics", vec![("memcheck", Development)]),
        ("memcheck", vec![("libm", Normal)]),
    ])
}

#[test]
fn what_is_right_has_no_faults() {
    assert_eq!(faults(PICTURE, &right()), Vec::<String>::new());
}

#[test]
fn wrong_edges_are_faults() {
    let check = |name, dependency, kind, fault: &str| {
        let mut graph = right();
        graph.get_mut(name).unwrap().push((dependency, kind));
        assert_eq!(faults(PICTURE, &graph), [fault]);
    };
    check("physics", "laws", Normal, "physics (L0) depends on laws (L1)");
    check("laws", "command", Normal, "laws (L1) depends on command (L2)");
    check("laws", "command", Development, "laws (L1) depends on command (L2)");
    check("laws", "swarm", Normal, "laws (L1) depends on swarm (L1)");
    check("laws", "swarm", Development, "laws (L1) depends on swarm (L1)");
    check("laws", "swarm", Build, "laws (L1) depends on swarm (L1)");
    check("physics", "memcheck", Normal, "physics (L0) depends on memcheck (L0)");
    check("memcheck", "physics", Development, "memcheck (L0) depends on physics (L0)");
}

#[test]
fn wrong_pictures_are_faults() {
    let check = |old, new, expected: &[&str]| {
        let picture = PICTURE.replace(old, new);
        assert_ne!(picture, PICTURE);
        assert_eq!(faults(&picture, &right()), expected);
    };
    check("swarm", "", &["swarm is not in the picture"]);
    check("swarm", "swarm swarm", &["swarm is in the picture twice"]);
    check("command", "command swarm", &["swarm is in the picture twice"]);
    check("swarm", "swarm herd", &["herd is in the picture, but not in the workspace"]);
    check("L2", "top", &["no layer: top  command", "command is not in the picture"]);
}

#[test]
fn the_picture_is_what_the_fence_holds() {
    assert_eq!(picture("# A\n```layers\nL0  a\n```\n```\nL1  b\n```\n"), "\nL0  a\n");
}
