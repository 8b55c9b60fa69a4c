//! As much of HTML as a login page needs: forms, and pages that go on by themselves.

/// A form as it would be sent if somebody pressed its first button.
#[derive(Debug, Default)]
pub struct Form {
    id: String,
    pub action: String,
    pub post: bool,
    /// Hidden fields and what is there already.
    pub fields: Vec<(String, String)>,
    /// Names of the fields where something can be typed.
    pub typed: Vec<String>,
    /// Names and values of the buttons that send it.
    pub buttons: Vec<(String, String)>,
}

/// The first form of a page.
pub fn form(page: &str) -> Option<Form> {
    let mut form: Option<Form> = None;
    let mut open = false;
    for tag in tags(page) {
        match (tag.name.as_str(), &mut form) {
            ("form", None) => {
                open = true;
                form = Some(Form {
                    id: tag.get("id").to_owned(),
                    action: tag.get("action").to_owned(),
                    post: tag.get("method").eq_ignore_ascii_case("post"),
                    ..Form::default()
                });
            }
            ("/form", _) => open = false,
            ("input" | "button", Some(form))
                if open || (!form.id.is_empty() && tag.get("form") == form.id) =>
            {
                form.take(&tag);
            }
            _ => {}
        }
    }
    form
}

/// Where a page goes on by itself at once: `<meta http-equiv="refresh" content="0; url=…">`.
pub fn refresh(page: &str) -> Option<String> {
    let tag = tags(page)
        .into_iter()
        .find(|tag| tag.name == "meta" && tag.get("http-equiv").eq_ignore_ascii_case("refresh"))?;
    let content = tag.get("content");
    let at = content.to_ascii_lowercase().find("url=")?;
    Some(content[at + 4..].trim_matches(['\'', '"', ' ']).to_owned())
}

impl Form {
    fn take(&mut self, tag: &Tag) {
        let field = (tag.get("name").to_owned(), tag.get("value").to_owned());
        let kind = match (tag.name.as_str(), tag.get("type")) {
            ("button", "") => "submit",
            (_, kind) => kind,
        };
        match kind {
            "submit" => self.buttons.push(field),
            "button" | "reset" | "image" => {}
            "checkbox" | "radio" if tag.value("checked").is_none() => {}
            _ if field.0.is_empty() => {}
            "" | "text" | "email" | "password" => self.typed.push(field.0),
            _ => self.fields.push(field),
        }
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn get(&self, name: &str) -> &str {
        self.value(name).unwrap_or_default()
    }
}

fn tags(page: &str) -> Vec<Tag> {
    page.split('<').skip(1).filter_map(tag).collect()
}

/// `input name="a" value='b' required>`, and what follows it.
fn tag(text: &str) -> Option<Tag> {
    let end = text.find(|c: char| c.is_whitespace() || c == '>')?;
    let (name, mut rest) = text.split_at(end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        if end == 0 {
            return Some(Tag { name: name.to_ascii_lowercase(), attributes });
        }
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = attribute_value(after.trim_start());
        }
        attributes.push((key, decoded(value)));
    }
}

fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    text.split_at(text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len()))
}

fn decoded(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        all.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        let (c, length) = entity.unwrap_or(('&', 1));
        all.push(c);
        rest = &rest[length..];
    }
    all + rest
}

fn entity(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_what_a_browser_would_send() {
        let page = r#"<p>a < b</p><form id="f" method="POST" action='/x?a=1&amp;b=&#34;'>
            <input type="hidden" name="token" value="1/2 &lt;"/> <input name=login required>
            <input type=checkbox name=off><input type=checkbox name=on checked value=1>
            <button>Go</button></form><button form="f" name="no" value="1">No</button>"#;
        let form = form(page).expect("a form");
        assert_eq!((form.action.as_str(), form.post), ("/x?a=1&b=\"", true));
        let fields = [("token", "1/2 <"), ("on", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!((form.fields, form.typed), (fields.to_vec(), vec!["login".to_owned()]));
        assert_eq!(form.buttons[1], ("no".to_owned(), "1".to_owned()));
    }

    #[test]
    fn a_page_may_go_on_by_itself() {
        let page =
            r#"<meta charset=utf-8><META http-equiv="Refresh" content="0; URL='/a?b&amp;c'">"#;
        assert_eq!(refresh(page).as_deref(), Some("/a?b&c"));
        assert_eq!(refresh("<meta charset=utf-8>"), None);
    }
}
