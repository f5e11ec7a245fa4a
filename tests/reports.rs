//! `ndc run --report`: the page, opened in a real browser.
//!
//! The browser is Chromium. Where it is missing the tests that need it say so and pass, unless `CI` is set.
#![allow(clippy::print_stderr, reason = "says why a test is skipped")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A new folder for the files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a program with a report; whether it succeeded, and the page.
fn reported(folder: &Path, program: &str) -> (bool, PathBuf) {
    let (file, page) = (folder.join("program.nd"), folder.join("page.html"));
    fs::write(&file, program).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ndc"))
        .arg("run")
        .arg(&file)
        .arg("--no-cache")
        .arg("--report")
        .arg(&page)
        .output();
    (output.unwrap().status.success(), page)
}

fn classes() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reports/classes.nd")).unwrap()
}

#[test]
fn the_page_tells_the_whole_run_and_needs_nothing_else() {
    let folder = folder("reports_whole");
    let (succeeded, page) = reported(&folder, &classes());
    let text = fs::read_to_string(page).unwrap();
    assert!(succeeded && text.len() < 1_000_000, "{}", text.len());
    for words in [
        "Training rings",
        "Confusion matrix: 72 of 72 right",
        "Confusion matrix of the validation set: 18 of 18 right",
        "<tr><td>net.0</td><td>[12]</td><td>W [12, 2], b [12]</td><td>36</td><td>288</td></tr>",
        "<th>validation loss</th>",
        "Decision regions",
        "Rings &amp; &lt;more&gt;",
        "Predicted against true",
        "Residuals",
        "The fitted curve",
        "gradient by net.0.W",
        "data:image/svg+xml,",
        "data-name=\"validation\"",
        "✓</span> assert sum([1, 2]) == 3 (line 14)",
        "<tr><th>seed</th><td>0</td></tr>",
        "finished",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert_eq!(text.matches("<script").count(), 1, "what users write is no script");
    let loads = ["src=\"http", "href=", "url(", "@import", "fetch("];
    assert!(loads.iter().all(|word| !text.contains(word)), "nothing is loaded");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no part is left");
}

/// The values of the curve in the chart of this title, as the page has them.
fn curve<'p>(page: &'p str, title: &str) -> Vec<&'p str> {
    let chart = page.split("<figure>").find(|figure| figure.contains(&format!("<title>{title}</title>")));
    let values = chart.unwrap_or_else(|| panic!("no chart `{title}`")).split("data-y=\"").nth(1).unwrap();
    values.split('"').next().unwrap().split(' ').collect()
}

#[test]
fn curves_are_those_of_the_run() {
    let folder = folder("reports_curves");
    fs::write(folder.join("d.csv"), "x,y\n0,<no>\n0,<no>\n1,yes\n1,yes\n").unwrap();
    let program = "\
import nn
data d = csv(\"d.csv\") {
    x = x
    y = category(y)
}
model net = nn.Dense(2)
train {
    data = d
    loss = cross_entropy(net([x]), y)
    metric table = confusion(net([x]), y)
    optimizer = sgd(lr = 0.5)
    schedule = step_decay(every = 2, factor = 0.5)
    clip = norm(100)
    seed = 17
    epochs = 4
}
";
    let (succeeded, page) = reported(&folder, program);
    let text = fs::read_to_string(page).unwrap();
    assert!(succeeded, "{text}");
    assert_eq!(curve(&text, "learning rate"), ["0.5", "0.5", "0.25", "0.25"]);
    let norms: Vec<f64> = curve(&text, "norm of the gradient").iter().map(|norm| norm.parse().unwrap()).collect();
    assert!(norms.len() == 4 && norms.iter().all(|norm| *norm > 0.0), "{norms:?}");
    assert_eq!(curve(&text, "loss").len(), 4);
    assert!(text.contains("&lt;no&gt;") && text.contains("<tr><th>seed</th><td>17</td></tr>"));
    for words in ["Confusion matrix: ", "table: ", "true &lt;no&gt;, predicted yes: "] {
        assert!(text.contains(words), "{words}");
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_has_a_page_that_says_so() {
    let folder = folder("reports_interrupted");
    let (file, page) = (folder.join("program.nd"), folder.join("page.html"));
    let program = "\
data d = table { x = [1, 2, 3], y = [2, 4, 6] }
param a = 1.0
train long {
    data = d
    loss = (a * x - y)^2
    predict = a * x
    optimizer = sgd(lr = 1e-9)
    stop = loss < 0
}
print \"never\"
";
    fs::write(&file, program).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ndc"))
        .arg("run")
        .arg(&file)
        .args(["--no-cache", "--report"])
        .arg(&page)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(" 100  loss")), "training goes on");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!rest.contains(&"never".to_string()), "{rest:?}");
    let text = fs::read_to_string(&page).unwrap();
    for words in
        [">interrupted</span>", ", interrupted</td>", "Interrupted by the user", "Predicted against true", "print"]
    {
        assert!(text.contains(words), "{words}");
    }
    assert!(curve(&text, "loss").len() > 1);
}

#[test]
fn a_run_that_fails_has_a_page_that_says_why() {
    let program = "\
param a = 1.0
print \"before\"
train blow {
    loss = -exp(a)
    optimizer = sgd(lr = 10.0)
    epochs = 50
}
";
    let (succeeded, page) = reported(&folder("reports_failed"), program);
    let text = fs::read_to_string(page).unwrap();
    assert!(!succeeded && text.contains("failed") && text.contains("error[E0701]"), "{text}");
    assert!(text.contains("before") && text.contains("Training blow"), "{text}");
}

#[test]
fn a_run_gives_the_same_numbers_with_and_without_a_report() {
    let folder = folder("reports_same");
    let file = folder.join("program.nd");
    fs::write(&file, format!("{}print net.0.W, curve.1.W\n", classes())).unwrap();
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ndc"))
            .arg("run")
            .arg(&file)
            .arg("--no-cache")
            .args(more)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let numbers: Vec<String> = printed
            .lines()
            .filter(|line| line.contains(".W = ") || line.starts_with("done"))
            .map(str::to_string)
            .collect();
        assert_eq!(numbers.len(), 3, "{printed}");
        numbers
    };
    assert_eq!(run(&[]), run(&["--report", folder.join("page.html").to_str().unwrap()]));
}

/// Chromium, if it is there.
fn browser() -> Option<&'static str> {
    let known = ["chromium", "chromium-browser", "google-chrome"];
    let found = known.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "Chromium is not installed");
    if found.is_none() {
        eprintln!("skipped: Chromium is not installed");
    }
    found
}

/// What the browser says of a page: the document after its script, and script errors.
fn opened(browser: &str, folder: &Path, page: &Path, more: &[&str]) -> (String, Vec<String>) {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"])
        .arg(profile)
        .args(more)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors = told.lines().filter(|line| line.contains("CONSOLE")).map(str::to_string).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), errors)
}

/// The colours of a picture, each as red, green and blue, and the one that most of it has.
fn colors(picture: &Path) -> (BTreeSet<[u8; 3]>, [u8; 3]) {
    let bytes = fs::read(picture).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let (width, height, channels) = (number(16), number(20), if bytes[25] == 6 { 4 } else { 3 });
    assert!(bytes[24] == 8 && matches!(bytes[25], 2 | 6), "eight bits of red, green and blue");
    let (mut packed, mut at) = (Vec::new(), 8);
    while at < bytes.len() {
        let length = number(at);
        if &bytes[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&bytes[at + 8..at + 8 + length]);
        }
        at += length + 12;
    }
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut rows).unwrap();
    let stride = width * channels;
    let mut above = vec![0_u8; stride];
    let mut counts = std::collections::BTreeMap::new();
    for row in rows.chunks(stride + 1).take(height) {
        let mut line = row[1..].to_vec();
        for place in 0..stride {
            let left = if place >= channels { line[place - channels] } else { 0 };
            let corner = if place >= channels { above[place - channels] } else { 0 };
            let up = above[place];
            let guess = i32::from(left) + i32::from(up) - i32::from(corner);
            let distance = |value: u8| (guess - i32::from(value)).abs();
            let add = match row[0] {
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 if distance(left) <= distance(up) && distance(left) <= distance(corner) => left,
                4 if distance(up) <= distance(corner) => up,
                4 => corner,
                _ => 0,
            };
            line[place] = line[place].wrapping_add(add);
        }
        line.chunks(channels).for_each(|pixel| *counts.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0) += 1);
        above = line;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(color, _)| *color).unwrap();
    (counts.into_keys().collect(), most)
}

#[test]
fn a_browser_shows_the_page_and_finds_no_error() {
    let Some(browser) = browser() else { return };
    let folder = folder("reports_browser");
    let (_, page) = reported(&folder, &classes());
    let (document, errors) = opened(browser, &folder, &page, &["--dump-dom"]);
    assert!(errors.is_empty(), "{errors:?}");
    assert!(document.contains("data-ready=\"yes\""), "the script ran to its end");
    let light_and_dark = [("1", 1200, 200..=255_u8), ("0", 400, 0..=60)];
    for (scheme, width, brightness) in light_and_dark {
        let picture = folder.join(format!("{scheme}.png"));
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let (size, shot) = (format!("--window-size={width},1600"), format!("--screenshot={}", picture.display()));
        let (_, errors) = opened(browser, &folder, &page, &[&scheme, &size, &shot]);
        assert!(errors.is_empty(), "{errors:?}");
        let (colors, most) = colors(&picture);
        assert!(colors.len() > 100, "the picture is not blank: {} colours", colors.len());
        assert!(most.iter().all(|channel| brightness.contains(channel)), "{most:?} is as bright as the system wants");
    }
}

#[test]
fn errors_of_scripts_and_blank_pages_are_found() {
    let Some(browser) = browser() else { return };
    let folder = folder("reports_faulty");
    let page = folder.join("faulty.html");
    fs::write(&page, "<html><body style=\"background: #fff\"><script>nothing.here()</script></body></html>").unwrap();
    let (document, errors) = opened(browser, &folder, &page, &["--dump-dom"]);
    assert!(errors.iter().any(|error| error.contains("nothing is not defined")), "{errors:?}");
    assert!(!document.contains("data-ready"));
    let picture = folder.join("blank.png");
    opened(browser, &folder, &page, &["--window-size=400,400", &format!("--screenshot={}", picture.display())]);
    assert_eq!(colors(&picture), (BTreeSet::from([[255, 255, 255]]), [255, 255, 255]));
}
