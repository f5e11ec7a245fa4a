//! The settings of actions and the columns of data.

use pretty::DocAllocator;

use super::printer::{Doc, Printer};
use crate::syntax::ast::Setting;

impl<'a> Printer<'a> {
    /// Settings in braces: on one line with commas, or a line for each without commas and their `=` in one column.
    pub(super) fn settings(&mut self, settings: &[Setting]) -> Doc<'a> {
        if settings.is_empty() {
            return self.empty_braces();
        }
        let open = self.expect("{");
        let open = open.append(self.kept_open());
        let columns = self.setting_columns(settings);
        let mut inner = self.nil();
        for (index, (setting, column)) in settings.iter().zip(columns).enumerate() {
            inner = inner.append(self.behind()).append(self.arena.line()).append(self.lead(index == 0));
            inner = inner.append(self.setting(setting, column));
            let comma = if index + 1 < settings.len() { self.arena.nil().flat_alt(",") } else { self.nil() };
            inner = inner.append(self.leave_out(",")).append(comma);
        }
        inner = inner.append(self.behind());
        self.braces(open, inner).group()
    }

    fn setting(&mut self, setting: &Setting, column: usize) -> Doc<'a> {
        let metric = if setting.metric { self.expect("metric").append(self.arena.space()) } else { self.nil() };
        let head = metric.append(self.word());
        let pad = self.pad(head_width(setting), column).flat_alt(self.arena.space());
        head.append(pad).append(self.expect("=")).append(self.after_sign(&setting.value))
    }

    /// For each setting the column of its `=`. Comments and empty lines divide a block.
    fn setting_columns(&self, settings: &[Setting]) -> Vec<usize> {
        let mut columns = vec![0; settings.len()];
        let mut start = 0;
        while start < settings.len() {
            let joins = |setting: &&Setting| self.follows_directly(self.setting_start(setting));
            let length = 1 + settings[start + 1..].iter().take_while(joins).count();
            let run = &settings[start..start + length];
            columns[start..start + length].fill(run.iter().map(head_width).max().unwrap_or(0));
            start += length;
        }
        columns
    }

    fn setting_start(&self, setting: &Setting) -> u32 {
        let name = self.words.at(setting.name.span.start);
        let first = if setting.metric { name.saturating_sub(1) } else { name };
        u32::try_from(self.words.words[first].start).unwrap_or(u32::MAX)
    }
}

fn head_width(setting: &Setting) -> usize {
    let metric = if setting.metric { "metric ".len() } else { 0 };
    metric + setting.name.text.chars().count()
}
