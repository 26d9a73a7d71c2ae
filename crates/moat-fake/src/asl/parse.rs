//! Reads JSONata.

use super::expression::{Expression, Infix, number};
use serde_json::Value;

/// Reads what is between `{%` and `%}`.
///
/// # Errors
/// Names the place from which on it is not understood.
pub fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { text, at: 0 };
    let expression = parser.expression()?;
    match parser.rest().is_empty() {
        true => Ok(expression),
        false => Err(parser.trouble("the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// From the loosest to the tightest.
const INFIX: [&[(&str, Infix)]; 4] = [
    &[("or ", Infix::Or)],
    &[("and ", Infix::And)],
    &[("=", Infix::Equal), (">", Infix::Greater)],
    &[("&", Infix::Join)],
];

impl<'a> Parser<'a> {
    /// What is left, without the blanks before it.
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        &self.text[self.at..]
    }

    fn trouble(&mut self, wanted: &str) -> String {
        format!("expected {wanted} at {:?} in {:?}", self.rest(), self.text)
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        self.at += if is_next { token.len() } else { 0 };
        is_next
    }

    fn want(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(self.trouble(token)) }
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(rest.len());
        self.at += end;
        (end > 0).then_some(&rest[..end])
    }

    fn expression(&mut self) -> Result<Expression, String> {
        let condition = self.infix(0)?;
        if let Expression::Variable(name) = &condition
            && self.eat(":=")
        {
            return Ok(Expression::Assign(name.clone(), Box::new(self.expression()?)));
        }
        if !self.eat("?") {
            return Ok(condition);
        }
        let then = self.expression()?;
        self.want(":")?;
        let otherwise = self.expression()?;
        Ok(Expression::If(Box::new(condition), Box::new(then), Box::new(otherwise)))
    }

    fn infix(&mut self, level: usize) -> Result<Expression, String> {
        let Some(infixes) = INFIX.get(level) else { return self.path() };
        let mut left = self.infix(level + 1)?;
        while let Some((_, infix)) = infixes.iter().find(|(token, _)| self.eat(token)) {
            left = Expression::Infix(*infix, Box::new(left), Box::new(self.infix(level + 1)?));
        }
        Ok(left)
    }

    fn path(&mut self) -> Result<Expression, String> {
        let mut of = self.primary()?;
        loop {
            of = if self.eat(".") {
                Expression::Path(Box::new(of), Box::new(self.primary()?))
            } else if self.eat("[") {
                let by = self.expression()?;
                self.want("]")?;
                Expression::Filter(Box::new(of), Box::new(by))
            } else {
                return Ok(of);
            };
        }
    }

    fn primary(&mut self) -> Result<Expression, String> {
        if self.eat("$") {
            let name = self.word().ok_or_else(|| self.trouble("a name"))?.to_owned();
            let is_call = self.eat("(");
            return if is_call {
                Ok(Expression::Call(name, self.list(",", ")")?))
            } else {
                Ok(Expression::Variable(name))
            };
        }
        if self.eat("(") {
            return Ok(Expression::Block(self.list(";", ")")?));
        }
        if self.eat("[") {
            return Ok(Expression::List(self.list(",", "]")?));
        }
        if self.eat("{") {
            return self.object();
        }
        if self.rest().starts_with(['\'', '"']) {
            return Ok(Expression::Literal(self.string()?.into()));
        }
        let sign = if self.eat("-") { "-" } else { "" };
        let word = self.word().ok_or_else(|| self.trouble("a value"))?;
        Ok(match (number(&format!("{sign}{word}")), word) {
            (Some(number), _) => Expression::Literal(number),
            (None, "null") => Expression::Literal(Value::Null),
            (None, "true" | "false") => Expression::Literal((word == "true").into()),
            (None, name) => Expression::Field(name.to_owned()),
        })
    }

    fn list(&mut self, between: &str, end: &str) -> Result<Vec<Expression>, String> {
        let mut items = Vec::new();
        while !self.eat(end) {
            if !items.is_empty() {
                self.want(between)?;
            }
            items.push(self.expression()?);
        }
        Ok(items)
    }

    fn object(&mut self) -> Result<Expression, String> {
        let mut fields = Vec::new();
        while !self.eat("}") {
            if !fields.is_empty() {
                self.want(",")?;
            }
            let name = self.string()?;
            self.want(":")?;
            fields.push((name, self.expression()?));
        }
        Ok(Expression::Object(fields))
    }

    fn string(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let mut all = rest.char_indices();
        let Some((_, quote @ ('\'' | '"'))) = all.next() else { return Err(self.trouble("a text")) };
        let mut text = String::new();
        while let Some((at, character)) = all.next() {
            match character {
                '\\' => match all.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, other @ ('\\' | '\'' | '"'))) => text.push(other),
                    _ => return Err(self.trouble("a text with escapes that are known")),
                },
                end if end == quote => {
                    self.at += at + end.len_utf8();
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err(self.trouble("the end of a text"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::Scope;
    use super::parse;
    use serde_json::{Value, json};

    fn value(text: &str) -> Option<Value> {
        let mut scope = Scope::default();
        let states = json!({"input": [{"outcome": "error", "message": "a"}, {"outcome": "ok", "message": "b"}]});
        scope.variables.insert("states".into(), states);
        scope.variables.insert("nothing".into(), Value::Null);
        parse(text).unwrap().value(&mut scope).unwrap()
    }

    #[test]
    fn what_the_machines_say_means_what_jsonata_says() {
        for (text, means) in [
            ("$states.input[outcome = 'error'].('Service ' & message & ': no')", json!("Service a: no")),
            ("$join($states.input.message, '\\n')", json!("a\nb")),
            ("$count($states.input[outcome = 'gone']) > 0", json!(false)),
            ("$count($states.input) = 2 ? $states.input[0].outcome : 'several'", json!("error")),
            ("$exists($nothing) and $not($exists($missing))", json!(true)),
            ("$type($nothing) = 'object'", json!(false)),
            ("$missing = 'x'", json!(false)),
            ("$merge([{'a': 1, 'b': $missing}, {'a': 2}])", json!({"a": 2})),
            (
                "($text := '{}'; $substring($text, 0, 1) = '{' and $substring($text, -1) = '}' ? $parse($text) : 1)",
                json!({}),
            ),
            ("$max([1, 15])", json!(15)),
            ("$string({'a': 'b'})", json!(r#"{"a":"b"}"#)),
            ("'it\\'s ' & $missing & 1", json!("it's 1")),
        ] {
            assert_eq!(value(text), Some(means), "{text}");
        }
        assert_eq!(value("$states.input.nowhere"), None);
        assert!(parse("$states.input ~> $count()").is_err(), "what is not known is not guessed");
    }
}
