//! The table: a figure, its goal, whether it is reached.

/// Prints a heading.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// A figure without a goal.
pub fn told(what: &str, figure: &str) {
    println!("  {what:<66} {figure:>14}");
}

/// A figure that must not be above its goal.
pub fn at_most(id: &str, what: &str, value: f64, goal: f64, unit: &str) {
    line(id, what, value, &format!("≤ {goal}"), unit, value <= goal);
}

/// A figure that must not be below its goal.
pub fn at_least(id: &str, what: &str, value: f64, goal: f64, unit: &str) {
    line(id, what, value, &format!("≥ {goal}"), unit, value >= goal);
}

fn line(id: &str, what: &str, value: f64, goal: &str, unit: &str, reached: bool) {
    let shown = if value.abs() < 0.01 { format!("{value:.5}") } else { format!("{value:.2}") };
    let verdict = if reached { "ok" } else { "MISS" };
    println!("  {id:<4} {what:<61} {:>14}   goal {goal:<9} {verdict}", format!("{shown} {unit}"));
}
