//! What `ndc profile` measures and shows: kernels with their lines, calls, arithmetic and memory, loops with what is within,
//! the same values with a clock as without, and a picture that is well-formed. No time is compared with another.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::codegen::{compile, compile_timed};
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::optimize::optimize;
use ndc::picture::flame;
use ndc::profile::{self, Chosen, KernelTime, Profile, flames, places::Places, table};
use ndc::schedule::{Kind, programs, schedule};
use ndc::session::native;
use ndc::subject::{Request, Subject, open};
use roxmltree::{Document, Node};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(2);

/// A network that is trained, and values beside it.
const NETWORK: &str = "\
param w: [40, 60] = normal(0, 0.1)
param v: [40] = constant(0.1)
data points = table { y = [1, 2, 3, 4, 5, 6, 7, 8] }
fn hidden(y) = tanh(w @ [y * real(i) for i in 0..60])
let start = sum(w)
train fit { data = points, loss = (dot(v, hidden(y)) - y)^2, optimizer = sgd(lr = 0.0001), batch = 3, epochs = 5 }
print hidden(0.5), start
";

/// Loops whose bodies are functions, at once and within each other.
const LOOPS: &str = "\
fn step(W, h) = tanh(W @ h)
fn network(W: [n, n], h: [n]) = sum(fold(h, 0..50, |s, _| step(W, s)))
fn nested(W: [n, n], h: [n]) = sum(fold(h, 0..30, |s, _| fold(s, 0..40, |u, _| step(W, u))))
fn long(h: [n]) = sum(fold(h, 0..300, |s, _| sin(s) * 1.1))
fn d_network(W: [n, n], h: [n]) = grad(network)(W, h)
fn d_nested(W: [n, n], h: [n]) = grad(nested)(W, h)
fn d_long(h: [n]) = grad(long)(h)
fn short(x) = fold(x, 0..100, |s, _| s * 0.5 + 1)
";

fn checked(text: &str) -> Checked {
    let checked = check_text("model.nd", None, text.to_string(), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked
}

fn profiles(checked: &Checked, chosen: Chosen) -> Vec<Profile> {
    on_large_stack(|| profile::file(&checked.program, &checked.sources, chosen, MOMENT)).unwrap()
}

fn subject(of: &str, size: i64, options: Options) -> Subject {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let file = FILES.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("profile_{file}.nd"));
    fs::write(&path, LOOPS).unwrap();
    let sizes: &[(String, i64)] = if of.contains("short") { &[] } else { &[("n".to_string(), size)] };
    let opened = open(&path, Request { of, at: None, sizes }, &mut FileLoader::new(), options);
    opened.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics))
}

fn of(subject: &Subject) -> Profile {
    on_large_stack(|| profile::subject(subject, "f", MOMENT)).unwrap()
}

/// The kernels with a text that begins so.
fn kernels<'p>(profile: &'p Profile, text: &str) -> Vec<&'p KernelTime> {
    profile.kernels.iter().filter(|kernel| kernel.text.starts_with(text)).collect()
}

fn lines(checked: &Checked, kernel: &KernelTime) -> String {
    Places::new(&checked.sources).lines(&kernel.places)
}

#[test]
fn only_trainings_are_run_where_there_are_some() {
    let checked = checked(NETWORK);
    let titles = |chosen| profiles(&checked, chosen).iter().map(|each| each.title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(Chosen::Trainings), ["train fit"]);
    assert_eq!(titles(Chosen::All), ["let sum(w)", "train fit", "print hidden(0.5), start"]);
    let without = NETWORK.lines().filter(|line| !line.starts_with("train")).collect::<Vec<_>>().join("\n");
    let without = self::checked(&without);
    let all = profiles(&without, Chosen::Trainings);
    assert_eq!(all.iter().map(|each| each.unit).collect::<Vec<_>>(), ["run", "run"]);
}

#[test]
fn a_file_of_functions_has_nothing_to_run() {
    assert!(profiles(&checked("fn f(x) = 2 * x\n"), Chosen::All).is_empty());
}

#[test]
fn kernels_have_lines_calls_arithmetic_and_memory() {
    let checked = checked(NETWORK);
    let step = &profiles(&checked, Chosen::Trainings)[0];
    assert!(step.seconds > 0.0 && step.runs > 0 && step.kernel_seconds() > 0.0);
    assert!(step.kernels.iter().all(|kernel| kernel.calls == 1.0 && kernel.within.is_none()), "{step:#?}");
    let product = kernels(step, "product [3, 60] × [40, 60]")[0];
    assert_eq!((product.kind, lines(&checked, product)), (Kind::Products, "4".to_string()));
    assert_eq!(product.operations, 2.0 * 3.0 * 40.0 * 60.0);
    assert_eq!(product.bytes, 8.0 * (3.0 * 60.0 + 40.0 * 60.0 + 3.0 * 40.0));
    let tanh = kernels(step, "120 elements").into_iter().find(|kernel| kernel.text.contains("tanh")).unwrap();
    assert_eq!((tanh.kind, lines(&checked, tanh).starts_with('4')), (Kind::Elements, true), "{tanh:?}");
}

#[test]
fn kernels_in_loops_are_below_them() {
    let profile = of(&subject("network", 32, Options::default()));
    let run = profile.kernels.iter().position(|kernel| kernel.text == "loop, 50 steps").unwrap();
    let product = kernels(&profile, "product")[0];
    assert_eq!((product.within, product.calls), (Some(run), 50.0));
    assert_eq!(product.operations, 50.0 * 2.0 * 32.0 * 32.0);
    let within: f64 = profile.within(Some(run)).iter().map(|each| profile.kernels[*each].total).sum();
    let whole = &profile.kernels[run];
    assert!((whole.seconds + within - whole.total).abs() <= 1e-9 * whole.total && whole.total > whole.seconds);
    let outermost: f64 = profile.within(None).iter().map(|each| profile.kernels[*each].total).sum();
    assert!((outermost - profile.kernel_seconds()).abs() <= 1e-9 * outermost);
}

#[test]
fn loops_in_loops_are_below_these() {
    let profile = of(&subject("nested", 32, Options::default()));
    let product = kernels(&profile, "product")[0];
    assert_eq!(product.calls, 1200.0);
    let inner = &profile.kernels[product.within.unwrap()];
    assert_eq!((inner.text.as_str(), inner.calls), ("loop, 40 steps", 30.0));
    assert_eq!(profile.kernels[inner.within.unwrap()].text, "loop, 30 steps");
}

#[test]
fn a_loop_in_line_is_one_kernel_with_the_arithmetic_of_its_steps() {
    let profile = of(&subject("short", 0, Options::default()));
    let run = kernels(&profile, "loop, 100 steps, in line")[0];
    assert!(profile.kernels.iter().all(|kernel| kernel.within.is_none()));
    assert_eq!((run.calls, run.operations), (1.0, 200.0));
}

#[test]
fn a_loop_that_is_computed_again_has_its_three_bodies_within() {
    let options = Options { loop_memory: Some(4096), ..Options::default() };
    let profile = of(&subject("d_long", 128, options));
    let replay = profile.kernels.iter().position(|kernel| kernel.text.starts_with("loop computed again")).unwrap();
    let bodies = profile.within(Some(replay));
    assert_eq!(
        bodies.iter().map(|body| profile.kernels[*body].text.as_str()).collect::<Vec<_>>(),
        ["loop, 300 steps"; 3]
    );
    let calls = |word: &str| {
        let within = profile.kernels.iter().filter(|each| each.within.is_some_and(|it| bodies.contains(&it)));
        within.filter(|each| each.text.contains(word)).map(|each| each.calls).sum::<f64>()
    };
    assert_eq!(calls("cos"), 300.0);
    assert!(calls("sin") > 300.0, "{profile:#?}");
    assert!(profile.kernels.iter().all(|kernel| kernel.calls > 0.0 || kernel.within.is_some()));
}

#[test]
fn values_are_the_same_with_a_clock() {
    for (of, loop_memory) in [("d_network", None), ("d_nested", None), ("d_long", Some(4096))] {
        let subject = subject(of, 24, Options { loop_memory, ..Options::default() });
        let mut inputs: Vec<_> = subject.inputs.iter().map(|input| input.value.clone()).collect();
        for (place, table) in inputs.iter_mut().enumerate() {
            let value = |index: usize| (((index * 7 + place) % 11) as f64 - 5.0) / 40.0;
            table.bits = (0..table.bits.len()).map(|index| value(index).to_bits()).collect();
        }
        let graph = optimize(&subject.graph);
        let scheduled = schedule(&graph);
        let plain = native::call(&compile(&scheduled).unwrap(), &graph, &inputs).unwrap();
        let (timed, clock) = compile_timed(&scheduled).unwrap();
        let with_clock = native::call(&timed, &graph, &inputs).unwrap();
        assert_eq!(plain, with_clock, "{of}");
        let parts: usize = programs(&scheduled).iter().map(|program| 1 + program.kernels.len()).sum();
        assert_eq!(clock.lapses(1).len(), parts);
        assert_eq!(clock.lapses(1)[0].count, 1.0);
    }
}

#[test]
fn what_fails_when_it_runs_is_told_at_its_place() {
    let text = "fn at(i) = [1.0, 2, 3][i]\nlet k = sum([3, 4])\nprint at(k)\n";
    let checked = checked(text);
    let failed = on_large_stack(|| profile::file(&checked.program, &checked.sources, Chosen::All, MOMENT)).unwrap_err();
    let place = failed.primary.as_ref().map(|label| checked.sources.text(label.span).to_string());
    assert!(failed.is_error() && place.is_some_and(|text| text.contains("[i]")), "{failed:?}");
}

#[test]
fn the_table_has_the_longest_kernels_with_the_loops_around_them() {
    let subject = subject("d_nested", 32, Options::default());
    let profile = of(&subject);
    let places = Places::new(&subject.checked.sources);
    let whole = table::table(&profile, &places, 1000);
    assert_eq!(whole.lines().count(), 2 + profile.kernels.len(), "{whole}");
    let head = whole.lines().nth(1).and_then(|line| line.find("kernel")).unwrap();
    let indent = |line: &str| line.chars().skip(head).take_while(|letter| *letter == ' ').count() / 2;
    let depths: Vec<usize> = whole.lines().skip(2).map(indent).collect();
    assert!(depths.contains(&0) && depths.contains(&1) && depths.contains(&2), "{whole}");
    assert!(depths[0] == 0 && depths.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{whole}");
    let short = table::table(&profile, &places, 3);
    assert_eq!(short.lines().count(), 2 + 3 + 1, "{short}");
    let more = format!("  and {} more: --limit {}", profile.kernels.len() - 3, profile.kernels.len());
    assert_eq!(short.lines().last(), Some(more.as_str()));
}

/// Left, upper, right and lower end of a rectangle.
fn area(node: Node) -> [f64; 4] {
    let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let (x, y) = (number("x"), number("y"));
    [x, y, x + number("width"), y + number("height")]
}

#[test]
fn the_picture_stands_on_what_was_run() {
    let subject = subject("d_nested", 32, Options::default());
    let profile = Profile { title: "<&\"nested\">".to_string(), ..of(&subject) };
    let svg = flame::svg("a & b", &flames::frames(&[profile.clone(), profile], &subject.checked.sources));
    let document = Document::parse(&svg).unwrap();
    let height: f64 = document.root_element().attribute("height").unwrap().parse().unwrap();
    let is_frame = |node: &Node| node.attribute("class").is_some_and(|class| class.starts_with("frame"));
    let frames: Vec<[f64; 4]> = document.descendants().filter(is_frame).map(area).collect();
    let whole = frames.iter().filter(|frame| frame[2] - frame[0] > 1179.0 && frame[0] == 10.0).count();
    assert!(whole >= 2 && frames.len() > 10, "{svg}");
    for frame in &frames {
        assert!(frame[0] >= 10.0 && frame[2] <= 1190.2 && frame[1] >= 36.0 && frame[3] < height, "{frame:?}");
        let below = |each: &&[f64; 4]| each[1] == frame[3] && each[0] <= frame[0] + 0.2 && frame[2] <= each[2] + 0.2;
        let bottom = frame[2] - frame[0] > 1179.0;
        assert!(bottom || frames.iter().any(|each| below(&each)), "{frame:?} stands on nothing");
        let meets = |each: &&[f64; 4]| each[1] == frame[1] && each[0] > frame[0] && each[0] < frame[2] - 0.2;
        assert!(!frames.iter().any(|each| meets(&each)), "{frame:?} meets another");
    }
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.iter().any(|text| text.starts_with("<&\"nested\">")) && texts.contains(&"step"), "{texts:?}");
}
