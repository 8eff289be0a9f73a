"""A template says what it means, or is refused with its line and field."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lenet.errors import FormatError, GrammarError, InputError
from lenet.reading import load_template
from tests.forms import TEMPLATE, template

PAGE = "page: [100, 200]\n"


def test_a_template_has_its_fields_cells_marks_and_sums(tmp_path):
    form = load_template(template(tmp_path, TEMPLATE + "  - total = items.price - tax\n"))
    assert form.size == (800, 760)
    assert [mark.middle for mark in form.marks] == [(42, 42), (758, 42), (42, 718)]
    fields = {field.name: field for field in form.fields}
    assert fields["code"].comb == 6
    assert fields["items[2].count"].box == (100, 500, 250, 550)
    assert fields["items[3].price"].box == (250, 550, 500, 600)
    assert fields["items[1].count"].grammar.name == "digits"
    assert fields["items[1].price"].grammar.name == "number"
    assert form.sums[0].parts == ((1, "net"), (1, "tax"))
    assert form.sums[1].parts == (*((1, f"items[{row}].price") for row in (1, 2, 3)), (-1, "tax"))


def test_options_of_a_field_reach_its_grammar(tmp_path):
    text = PAGE + (
        "fields:\n  day: {box: [0, 0, 50, 20], kind: date, date_order: mdy}\n"
        "  sum: {box: [0, 20, 50, 40], kind: amount, decimal: ','}\n"
        "  id: {box: [0, 40, 50, 60], pattern: '[0-9]{3}-[0-9]'}\n"
    )
    day, amount, number = (field.grammar for field in load_template(template(tmp_path, text)).fields)
    assert day.value("03/04/2019").month == 3
    assert str(amount.value("1.234,50")) == "1234.50"
    assert number.matches("123-4")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", FormatError, "is empty"),
        ("fields: [", FormatError, "line 1 is no YAML"),
        ("fields: {}", InputError, "neither how large"),
        (PAGE, InputError, "lacks 'fields'"),
        (PAGE + "fields: {}", InputError, "are none"),
        (PAGE + "size: 3\nfields: {a: {box: [0, 0, 9, 9]}}", InputError, "line 2: size is not known"),
        (PAGE + "fields:\n  a: {box: [0, 0, 101, 20]}", InputError, r"line 3: field a.box .* outside the page"),
        (PAGE + "fields:\n  a: {box: [-1, 0, 20, 20]}", InputError, r"line 3: field a.box is '-1'"),
        (PAGE + "fields:\n  a: {box: [20, 0, 10, 20]}", InputError, "holds no pixel"),
        (PAGE + "fields:\n  a: {box: [0, 0, 10]}", InputError, "left, top, right, bottom"),
        (PAGE + "fields:\n  a: {kind: digits}", InputError, "line 3: field a lacks 'box'"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], kind: roman}", GrammarError, "line 3: field a .*'roman'"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], pattern: '(?=a)'}", GrammarError, "line 3: field a"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], decimal: x}", GrammarError, "decimal is 'x'"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9]}\n  a: {box: [0, 0, 9, 9]}", InputError, "line 4: .*given twice"),
        (PAGE + "fields:\n  a b: {box: [0, 0, 9, 9]}", InputError, "no name of a field"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], comb: 0}", InputError, "comb is '0'"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], comb: 5}", InputError, "4 pixels wide"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], table: {rows: 2, columns: {}}}", InputError, "are none"),
        (PAGE + "fields:\n  a: {box: [0, 0, 9, 9], table: {rows: 2000000, columns: {x: }}}", InputError, "too many"),
        (
            PAGE + "fields: {a: {box: [0, 0, 9, 9], table: {rows: 2, columns: {x: {width: 20}}}}}",
            InputError,
            "too wide",
        ),
        (PAGE + "fields: {a: {box: [0, 0, 9, 9]}}\nsums: [a = b + c]", InputError, "line 3: .* names 'b'"),
        (PAGE + "fields: {a: {box: [0, 0, 9, 9]}}\nsums: [a = a a]", InputError, "cannot be read"),
        (PAGE + "fields: {a: {box: [0, 0, 9, 9]}}\nsums: [a]", InputError, "cannot be read"),
        (PAGE + "fields: {a: {box: [0, 0, 9, 9]}}\nmarks: {square: [[1, 1, 5, 5]]}", InputError, "only 1 marks"),
        (PAGE + "fields: {a: {box: [0, 0, 9, 9]}}\nmarks: {star: [[1, 1, 5, 5]]}", InputError, "star is not known"),
        (PAGE + "fields: {a: {box: [0, 0, 9, 9]}}\nmarks: [[1, 1, 5, 5]]", InputError, "picture of the empty form"),
        ("blank: none.png\nfields: {a: {box: [0, 0, 9, 9]}}", InputError, "none.png"),
    ],
)
def test_a_template_that_is_wrong_is_refused(tmp_path, text, kind, words):
    with pytest.raises(kind, match=words):
        load_template(template(tmp_path, text))


def test_a_template_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_template(tmp_path / "form.yaml")
    (tmp_path / "form.yaml").write_bytes(b"\xff\xfe\x00page")
    with pytest.raises(FormatError, match="UTF-8"):
        load_template(tmp_path / "form.yaml")


def test_aliases_that_multiply_are_bounded(tmp_path):
    columns = ", ".join(f"c{k}: " for k in range(20))
    rows = "".join(f"  t{k}: *t\n" for k in range(200))
    table = f"  t: &t {{box: [0, 0, 100, 200], table: {{rows: 100, columns: {{{columns}}}}}}}\n"
    with pytest.raises(InputError, match="too many"):
        load_template(template(tmp_path, PAGE + "fields:\n" + table + rows))


def test_marks_may_be_places_on_the_empty_form(tmp_path):
    empty = np.full((200, 100), 255, np.uint8)
    empty[20:30, 20:30] = 0
    Image.fromarray(empty).save(tmp_path / "blank.png")
    head, field = "blank: blank.png\nmarks: ", "\nfields: {a: {box: [0, 0, 9, 9]}}"
    text = head + "[[15, 15, 35, 35], [17, 17, 40, 40], [10, 10, 32, 32]]" + field
    form = load_template(template(tmp_path, text))
    assert form.size == (100, 200)
    assert (form.marks[0].look == empty[15:35, 15:35]).all()
    with pytest.raises(InputError, match="form is blank"):
        load_template(template(tmp_path, head + "[[60, 150, 80, 170]]" + field))
