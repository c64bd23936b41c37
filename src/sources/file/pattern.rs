//! Glob patterns over the components of a path, byte-wise: names on a disk are not always UTF-8.
//!
//! `*` is any run of bytes, `?` one character (one byte where the name is not UTF-8), `[a-z]` and `[!a-z]` one character of a set, and a
//! component that is `**` any number of folders. There is no escape: `[*]` is a star. A leading dot is matched like anything else.

/// A path of the configuration, cut where its first wildcard stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Folder or file named without any wildcard. The administrator named it, so it may be a link.
    pub base: Box<[u8]>,
    /// What must match below `base`; `None` takes `base` whole.
    pub pattern: Option<Pattern>,
}

/// The components from the first wildcard on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The whole path, as the configuration has it.
    pub written: Box<[u8]>,
    components: Vec<Component>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Component {
    AnyDepth,
    Glob(Box<[u8]>),
}

/// Where a walk stands in a pattern: the components that may match the next name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions(Vec<usize>);

/// What one more name did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The pattern is used up: this entry is wanted, a folder with everything below it.
    pub matched: bool,
    /// Where the names below this one would have to go on; empty when nothing below can match.
    pub below: Positions,
}

impl Root {
    /// A path taken as it is, whatever characters it holds.
    pub fn literal(path: &[u8]) -> Self {
        Self { base: trimmed(path).into(), pattern: None }
    }

    /// A path that may hold wildcards.
    pub fn parse(path: &[u8]) -> Self {
        let path = trimmed(path);
        let mut start = 0;
        for component in path.split(|byte| *byte == b'/') {
            if has_wildcard(component) {
                let base = path.get(..start).map_or(&b""[..], trimmed);
                let rest = path.get(start..).unwrap_or_default();
                let components = rest
                    .split(|byte| *byte == b'/')
                    .filter(|component| !component.is_empty())
                    .map(|component| match component {
                        b"**" => Component::AnyDepth,
                        glob => Component::Glob(glob.into()),
                    })
                    .collect();
                let base = if base.is_empty() { &b"."[..] } else { base };
                return Self { base: base.into(), pattern: Some(Pattern { written: path.into(), components }) };
            }
            start += component.len() + 1;
        }
        Self::literal(path)
    }
}

impl Pattern {
    /// Before the first name.
    pub fn start(&self) -> Positions {
        let mut positions = Positions(Vec::new());
        self.enter(0, &mut positions);
        positions
    }

    /// Goes one name down.
    pub fn step(&self, from: &Positions, name: &[u8]) -> Step {
        let mut step = Step { matched: false, below: Positions(Vec::new()) };
        for position in &from.0 {
            let last = position + 1 == self.components.len();
            match self.components.get(*position) {
                Some(Component::AnyDepth) => {
                    step.matched |= last;
                    self.enter(*position, &mut step.below);
                }
                Some(Component::Glob(glob)) if component_matches(glob, name) => {
                    step.matched |= last;
                    self.enter(position + 1, &mut step.below);
                }
                Some(Component::Glob(_)) | None => {}
            }
        }
        step
    }

    /// Adds `position`, and what follows it while it is a `**` that may stand for nothing.
    fn enter(&self, position: usize, into: &mut Positions) {
        for next in position..self.components.len() {
            if !into.0.contains(&next) {
                into.0.push(next);
            }
            if self.components.get(next) != Some(&Component::AnyDepth) {
                break;
            }
        }
    }
}

impl Positions {
    /// Nothing below can match.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Without trailing slashes, except for `/` itself.
fn trimmed(path: &[u8]) -> &[u8] {
    match path {
        [rest @ .., b'/'] if !rest.is_empty() => trimmed(rest),
        path => path,
    }
}

fn has_wildcard(component: &[u8]) -> bool {
    component.iter().enumerate().any(|(at, byte)| match byte {
        b'*' | b'?' => true,
        b'[' => component.get(at..).and_then(class).is_some(),
        _ => false,
    })
}

/// One component against one glob. Only the last star is gone back to, so the cost is at most the product of both lengths.
fn component_matches(glob: &[u8], name: &[u8]) -> bool {
    let (mut glob_rest, mut name_rest) = (glob, name);
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = glob_rest {
            star = Some((after, name_rest));
            glob_rest = after;
            continue;
        }
        let (code, length) = character(name_rest);
        let taken = match glob_rest {
            [] if name_rest.is_empty() => return true,
            [] => None,
            _ if name_rest.is_empty() => None,
            [b'?', after @ ..] => Some((after, length)),
            [b'[', ..] => match class(glob_rest) {
                Some(set) => set.holds(code).then_some((set.after, length)),
                None => name_rest.starts_with(b"[").then(|| (glob_rest.get(1..).unwrap_or_default(), 1)),
            },
            [byte, after @ ..] => name_rest.starts_with(&[*byte]).then_some((after, 1)),
        };
        match (taken, star) {
            (Some((after, length)), _) => {
                glob_rest = after;
                name_rest = name_rest.get(length..).unwrap_or_default();
            }
            (None, Some((after, [_, from @ ..]))) => {
                star = Some((after, from));
                glob_rest = after;
                name_rest = from;
            }
            (None, _) => return false,
        }
    }
}

struct Class<'a> {
    inside: &'a [u8],
    negated: bool,
    after: &'a [u8],
}

/// The `[…]` at the start of `glob`; `None` when it is not closed, and then it is a plain bracket.
fn class(glob: &[u8]) -> Option<Class<'_>> {
    let rest = glob.strip_prefix(b"[")?;
    let (negated, rest) = match rest {
        [b'!' | b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    // A bracket that comes first is a member.
    let close = rest.iter().skip(1).position(|byte| *byte == b']')? + 1;
    Some(Class { inside: rest.get(..close)?, negated, after: rest.get(close + 1..)? })
}

impl Class<'_> {
    fn holds(&self, code: u32) -> bool {
        let mut rest = self.inside;
        let mut held = false;
        while !rest.is_empty() {
            let (low, length) = character(rest);
            rest = rest.get(length..).unwrap_or_default();
            let high = match rest {
                [b'-', after @ ..] if !after.is_empty() => {
                    let (high, length) = character(after);
                    rest = after.get(length..).unwrap_or_default();
                    high
                }
                _ => low,
            };
            held |= (low..=high).contains(&code);
        }
        held != self.negated
    }
}

/// The character at the start of `bytes` and its length; a byte that starts none has a code beyond Unicode.
fn character(bytes: &[u8]) -> (u32, usize) {
    let decoded = (1..=4).find_map(|length| std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next());
    match (decoded, bytes) {
        (Some(c), _) => (u32::from(c), c.len_utf8()),
        (None, [byte, ..]) => (0x11_0000 + u32::from(*byte), 1),
        (None, []) => (u32::MAX, 0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole of `path` below the base, as a walk would judge it: some leading part of it matched.
    fn takes(pattern: &str, path: &str) -> bool {
        let root = Root::parse(pattern.as_bytes());
        let Some(rest) = path.as_bytes().strip_prefix(&*root.base) else { return false };
        let Some(pattern) = root.pattern else { return rest.is_empty() || rest.starts_with(b"/") };
        let mut positions = pattern.start();
        for name in rest.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            let step = pattern.step(&positions, name);
            if step.matched {
                return true;
            }
            positions = step.below;
        }
        false
    }

    #[test]
    fn cuts_at_the_first_wildcard() {
        let base = |path: &str| String::from_utf8(Root::parse(path.as_bytes()).base.into()).expect("UTF-8");
        assert_eq!(base("/srv/*/tls/*.pem"), "/srv");
        assert_eq!(base("/etc/ssl/sante/"), "/etc/ssl/sante");
        assert_eq!(base("/*"), "/");
        assert_eq!(base("*.pem"), ".");
        assert_eq!(base("/srv/[x/a"), "/srv/[x/a");
        assert_eq!(Root::parse(b"/srv/[x/a").pattern, None);
        assert_eq!(Root::literal(b"/srv/*").pattern, None);
    }

    #[test]
    fn takes_what_a_shell_user_expects() {
        for (pattern, path, expected) in [
            ("/srv/*/tls/*.pem", "/srv/dmp/tls/cert.pem", true),
            ("/srv/*/tls/*.pem", "/srv/tls/cert.pem", false),
            ("/srv/*/tls/*.pem", "/srv/dmp/x/tls/cert.pem", false),
            ("/srv/*/tls", "/srv/dmp/tls/deep/cert.pem", true),
            ("/srv/**/*.pem", "/srv/cert.pem", true),
            ("/srv/**/*.pem", "/srv/a/b/c/cert.pem", true),
            ("/srv/**/*.pem", "/srv/a/b/c/cert.key", false),
            ("/srv/**", "/srv/a/b", true),
            ("/srv/**/tls/**/x", "/srv/tls/x", true),
            ("/srv/**/tls/**/x", "/srv/a/tls/b/c/x", true),
            ("/srv/cl?.pem", "/srv/clé.pem", true),
            ("/srv/[a-cé]*[!0-9].pem", "/srv/éx.pem", true),
            ("/srv/[a-cé]*[!0-9].pem", "/srv/bx9.pem", false),
            ("/srv/[]]x?", "/srv/]xy", true),
            ("/srv/[*].pem", "/srv/*.pem", true),
            ("/srv/[*].pem", "/srv/a.pem", false),
            ("/srv/a*b*c", "/srv/aXbYbZc", true),
            ("/srv/a*b*c", "/srv/aXbYbZ", false),
        ] {
            assert_eq!(takes(pattern, path), expected, "{pattern} against {path}");
        }
    }

    #[test]
    fn many_stars_stay_cheap() {
        let glob = b"*a".repeat(60);
        assert!(!component_matches(&glob, &b"a".repeat(59)));
        assert!(component_matches(&glob, &b"a".repeat(255)));
    }

    /// The textbook recursive definition, for small inputs.
    fn oracle(glob: &[u8], name: &[u8]) -> bool {
        match (glob, name) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => oracle(rest, name) || (!name.is_empty() && oracle(glob, &name[1..])),
            ([b'?', rest @ ..], [_, after @ ..]) => oracle(rest, after),
            ([byte, rest @ ..], [first, after @ ..]) => byte == first && oracle(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(glob in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            prop_assert_eq!(component_matches(glob.as_bytes(), name.as_bytes()), oracle(glob.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn any_bytes_end(glob in prop::collection::vec(any::<u8>(), 0..40), name in prop::collection::vec(any::<u8>(), 0..40)) {
            let root = Root::parse(&glob);
            if let Some(pattern) = root.pattern {
                let step = pattern.step(&pattern.start(), &name);
                prop_assert!(step.below.0.iter().all(|position| *position < pattern.components.len()));
            }
        }
    }
}
