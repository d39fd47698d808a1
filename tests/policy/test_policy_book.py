"""The book: what it holds, and how it complains, by file and key with the nearest known word."""

from pathlib import Path

import pytest

from gateway.policy.bundle import BUILT_IN, PolicyBundle
from gateway.policy.failure import PolicyInvalid
from gateway.vocabulary.correction import starting_page
from gateway.vocabulary.purpose import RELATIONS
from tests.policy.books import CT01, copy_of_the_book, served

FORM = "procedures/1.004222_dang-ky-thuong-tru.toml"
POPULATION = "attributes/population.toml"
POPULATION_ATTRIBUTES = """
full_name birth_date sex personal_number old_number ethnic_group religion nationality blood_type
birth_registration_place native_place permanent_residence current_residence father_name father_number mother_name
mother_number spouse_name spouse_number spouse_nationality head_name head_number head_relation household_number
"""
CIVIL_STATUS_ATTRIBUTES = """
full_name birth_date sex personal_number birth_place birth_registration_place marital_status death_date father_name
father_number mother_name mother_number spouse_name spouse_number representative_name representative_number
"""
GUARDIANSHIP = {"representative_name", "representative_number"}


def complaints(folder: Path, *more: Path) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        PolicyBundle.load(more, built_in=folder)
    return "\n".join(caught.value.problems)


def test_the_catalogue_holds_what_the_population_source_answers() -> None:
    attributes = served().attributes
    held = {name for name, attribute in attributes.items() if "population" in attribute.sources}
    assert held == {*POPULATION_ATTRIBUTES.split(), *GUARDIANSHIP}
    assert [name for name, attribute in attributes.items() if attribute.self_declared] == ["phone", "email"]
    assert served().sources["population"].label.vi == "CSDL quốc gia về dân cư"


def test_the_catalogue_holds_what_the_civil_status_register_answers() -> None:
    attributes = served().attributes
    assert {name for name, one in attributes.items() if "civil_status" in one.sources} == set(
        CIVIL_STATUS_ATTRIBUTES.split()
    )
    assert served().sources["civil_status"].label.vi == "CSDL hộ tịch điện tử"


def test_marriage_is_believed_from_civil_status_alone() -> None:
    marital = served().attributes["marital_status"]
    assert marital.sources == ("civil_status",)
    assert set(marital.values) == {"single", "married", "divorced", "widowed"}


def test_every_attribute_has_words_a_mask_and_a_correction_channel() -> None:
    for attribute in served().attributes.values():
        assert attribute.label.vi
        assert attribute.label.en
        assert attribute.authority.vi
        assert attribute.mask
        assert attribute.correction.vi
        assert attribute.correction.en
        assert starting_page(attribute.correction.url), "a slip leads to a page, never to the front of a site"
        assert attribute.correction.phone


def test_what_the_law_calls_sensitive_is_sensitive() -> None:
    sensitive = {name for name, attribute in served().attributes.items() if attribute.sensitivity == "sensitive"}
    health = {"disability_degree", "disability_certificate_number"}
    assert sensitive == {"ethnic_group", "religion", "blood_type", *health}


def test_the_form_stands_as_the_paper_does() -> None:
    procedure = served().procedures[CT01]
    assert procedure.form_version == "2025-07-01"
    assert (procedure.basis, procedure.minimum_level) == ("law", 2)
    numbered = [(field.item, field.id) for field in procedure.fields if field.item]
    assert numbered[:11] == [
        ("1", "applicant.full_name"),
        ("2", "applicant.birth_date"),
        ("3", "applicant.sex"),
        ("4", "applicant.personal_number"),
        ("5", "applicant.phone"),
        ("6", "applicant.email"),
        ("7", "head.full_name"),
        ("8", "head.relation"),
        ("9", "head.personal_number"),
        ("10", "request.content"),
        ("11", "members"),
    ]
    members = procedure.field("members")
    assert members is not None
    assert [column.id for column in members.columns] == [
        "full_name",
        "birth_date",
        "sex",
        "personal_number",
        "relation",
    ]


def test_the_head_of_household_is_filled_to_be_confirmed_and_only_in_the_same_household() -> None:
    procedure = served().procedures[CT01]
    for name in ("head.full_name", "head.relation", "head.personal_number"):
        field = procedure.field(name)
        assert field is not None
        assert field.lock == "confirm"
        condition = procedure.condition(field.fill[0].when)
        assert condition is not None
        assert condition.id == "same_household"
        assert condition.unknown == "confirm"
        assert field.fills_for("guardian") == ()


def test_every_field_is_filled_or_says_why_not() -> None:
    for field in served().procedures[CT01].fields:
        for relation in RELATIONS:
            assert field.fills_for(relation) or (field.by_hand and field.by_hand.vi and field.by_hand.en)


def test_false_friends_are_never_filled() -> None:
    procedure = served().procedures[CT01]
    mapped = {(field.id, fill.attribute, fill.source) for field in procedure.fields for fill in field.fill}
    assert len(procedure.false_friends) >= 15
    for friend in procedure.false_friends:
        assert not any(
            (field, attribute) == (friend.field, friend.attribute) and friend.source in {None, source}
            for field, attribute, source in mapped
        )
        assert friend.reason.vi
        assert friend.reason.en


def test_what_was_not_read_is_marked() -> None:
    procedure = served().procedures[CT01]
    assert {text.read for text in procedure.legal_basis} == {"secondary", "unverified"}
    assert all(text.note for text in procedure.legal_basis if text.read == "unverified")
    assert "unverified" in (procedure.form.note or "")


@pytest.mark.parametrize(
    ("file", "edit", "said"),
    [
        (
            FORM,
            ('lock = "locked"', 'lokc = "locked"'),
            "`procedures/1.004222_dang-ky-thuong-tru.toml:fields[0].lokc` is not a known key, nearest is `lock`",
        ),
        (
            FORM,
            ("minimum_level = 2", "minimum_levl = 2"),
            "minimum_levl` is not a known key, nearest is `minimum_level`",
        ),
        (FORM, ('name = "CT01"', 'nmae = "CT01"'), ":form.nmae` is not a known key, nearest is `name`"),
        (
            FORM,
            ('{ source = "population", attribute = "full_name"', '{ sauce = "population", attribute = "full_name"'),
            ":fields[0].fill[0].sauce` is not a known key, nearest is `source`",
        ),
        (
            POPULATION,
            ('class = "basic"', 'clas = "basic"'),
            "`attributes/population.toml:attributes[0].class` is missing",
        ),
        (
            FORM,
            ('attribute = "full_name"', 'attribute = "ful_name"'),
            "fields[0].fill[0].attribute` names unknown attribute `ful_name`, nearest is `full_name`",
        ),
        (
            FORM,
            ('attribute = "full_name"', 'attribute = "birth_date"'),
            "`birth_date` is a date, field `applicant.full_name` a text",
        ),
        (
            FORM,
            ('source = "population", attribute = "full_name"', 'source = "profile", attribute = "full_name"'),
            "`profile` does not hold `full_name`",
        ),
        (
            FORM,
            ('attribute = "permanent_residence"', 'attribute = "native_place"'),
            "`native_place` is a false friend of `applicant.permanent_residence` and must never fill it",
        ),
        (
            FORM,
            ('attribute = "head_name"', 'attribute = "spouse_name"'),
            "`spouse_name` is a false friend of `head.full_name`",
        ),
        (
            FORM,
            ('"full_name", relations = ["self", "guardian", "officer"]', '"full_name", relations = ["self"]'),
            "`applicant.full_name` is not filled for `guardian`, `officer` and `by_hand` does not say why",
        ),
        (FORM, ('item = "1"\n', ""), "`applicant.full_name` has neither the form's `item` nor a `need`"),
        (
            FORM,
            ('lock = "editable"\nfill = [{ source = "profile"', 'lock = "locked"\nfill = [{ source = "profile"'),
            "`phone` is declared by the person and cannot lock `applicant.phone`",
        ),
        (FORM, ('when = "same_household"', 'when = "same_house"'), "names unknown condition `same_house`"),
        (
            FORM,
            ('item = "7"', 'item = "7"\nby_hand = { vi = "a", en = "b" }'),
            "cannot be read",
        ),
        (FORM, ('code = "1.004222"', 'code = "1.004223"'), "the file's name starts with the code and `_`"),
        (FORM, ('id = "applicant.sex"', 'id = "applicant.full_name"'), "field `applicant.full_name` stands twice"),
        (FORM, ('field = "head.relation"', 'field = "head.relations"'), "unknown field `head.relations`, nearest is"),
        (FORM, ('basis = "law"', 'basis = "custom"'), ":basis`: input should be"),
        (FORM, ('en = "Full name"', 'en = ""'), ":fields[0].label.en`: string should have at least 1 character"),
        (POPULATION, ('sources = ["population"]', 'sources = ["populus"]'), "unknown source `populus`"),
        (POPULATION, ('correction = "civil_status"', 'correction = "nobody"'), "names unknown channel `nobody`"),
        (POPULATION, ('id = "birth_date"', 'id = "full_name"'), "defines attribute `full_name` a second time"),
        (POPULATION, ('url = "https://', 'url = "http://'), "a correction channel is an https address"),
        (
            "global.cedar",
            ("forbid (principal is Portal", "permit (principal is Portal"),
            "permits: only a procedure's file may permit",
        ),
        ("global.cedar", ('@failure("PF-002")\n', ""), "`global.cedar:global/portal-procedure` has no `@failure`"),
        ("global.cedar", ('@failure("PF-002")', '@failure("PF-02")'), "unknown code `PF-02`, nearest is `PF-002`"),
        ("global.cedar", ('@id("global/level")', '@id("global/basis")'), "global/basis` is defined a second time"),
        ("global.cedar", ('@id("global/level")', '@id("guard/engine")'), "or one of a guard"),
        ("global.cedar", ("context.level <", "context.levle <"), "`levle`"),
        ("global.cedar", ('== "consent" &&', "== 7 &&"), "global.cedar"),
        (
            "global.cedar",
            ("{ resource.self_declared &&", '{ resource == Attribute::"emial" &&'),
            "names unknown attribute `emial`, nearest is `email`",
        ),
        ("global.cedar", ('action == Action::"release"', "action"), "does not name its action"),
        ("global.cedar", ("};", "}"), "`global.cedar` cannot be read"),
        ("schema.cedarschema", ("entity Portal;", "entity Portal"), "`schema.cedarschema` cannot be used"),
    ],
)
def test_a_wrong_book_is_refused_in_words(tmp_path: Path, file: str, edit: tuple[str, str], said: str) -> None:
    assert said in complaints(copy_of_the_book(tmp_path, {file: edit}))


def test_every_complaint_is_told_at_once(tmp_path: Path) -> None:
    folder = copy_of_the_book(
        tmp_path,
        {
            FORM: ('attribute = "full_name"', 'attribute = "ful_name"'),
            POPULATION: ('correction = "civil_status"', 'correction = "nobody"'),
            "global.cedar": ('@failure("PF-002")', '@failure("PF-02")'),
        },
    )
    said = complaints(folder)
    assert all(word in said for word in ("ful_name", "nobody", "PF-02"))


def test_a_later_folder_adds_and_never_replaces(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    (extra / "attributes").mkdir(parents=True)
    (extra / "procedures").mkdir()
    register = """
domain = "forest"
authority = { vi = "Sở Nông nghiệp và Môi trường", en = "Department of Agriculture and Environment" }
[[sources]]
id = "forest"
label = { vi = "CSDL giao rừng", en = "Forest register" }
[corrections.office]
vi = "Hạt kiểm lâm"
en = "The forest office"
url = "https://dichvucong.gov.vn"
[[attributes]]
id = "parcel_number"
label = { vi = "Số lô rừng", en = "Forest lot number" }
type = "number"
mask = "shown"
class = "basic"
sources = ["forest"]
correction = "office"
"""
    (extra / "attributes/forest.toml").write_text(register, encoding="utf-8")
    practice = (BUILT_IN / "cases/practice/procedures/0.000001_practice.toml").read_text(encoding="utf-8")
    (extra / "procedures/0.000001_practice.toml").write_text(
        practice.replace('attribute = "full_name"', 'attribute = "parcel_number"')
        .replace('source = "population", attribute = "parcel', 'source = "forest", attribute = "parcel')
        .replace('type = "text"', 'type = "number"'),
        encoding="utf-8",
    )
    bundle = PolicyBundle.load([extra])
    assert "parcel_number" in bundle.attributes
    assert bundle.excess(["0.000001"], ["parcel_number"]) == ()
    assert bundle.bundle_id != served().bundle_id
    assert bundle.cedar_text(CT01) == served().cedar_text(CT01)
    (extra / "attributes/again.toml").write_text(register, encoding="utf-8")
    assert "defines attribute `parcel_number` a second time" in complaints(BUILT_IN, extra)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "is not a folder" in complaints(BUILT_IN, tmp_path / "nowhere")


def test_an_added_folder_brings_no_schema(tmp_path: Path) -> None:
    (tmp_path / "schema.cedarschema").write_text("entity Portal;", encoding="utf-8")
    assert "has no place in an added folder" in complaints(BUILT_IN, tmp_path)


def test_the_bundle_id_is_the_books_and_changes_with_it(tmp_path: Path) -> None:
    assert PolicyBundle.load().bundle_id == served().bundle_id
    folder = copy_of_the_book(tmp_path, {FORM: ("minimum_level = 2", "minimum_level = 1")})
    changed = PolicyBundle.load(built_in=folder)
    assert changed.bundle_id != served().bundle_id
    assert len(changed.bundle_id) == 35


def test_cases_and_golden_files_do_not_change_the_bundle_id(tmp_path: Path) -> None:
    folder = copy_of_the_book(tmp_path, {"cases/global.toml": ("level = 0", "level = -2")})
    assert PolicyBundle.load(built_in=folder).bundle_id == served().bundle_id
