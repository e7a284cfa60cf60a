// What the binder reads text with: query strings, numbers, truth values, media types.
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pyembed/params/media_type.h"
#include "pyembed/params/number_text.h"
#include "pyembed/params/query_string.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs AllPairs(std::string_view query) {
  Pairs pairs;
  QueryCursor cursor(query);
  std::string scratch;
  while (const std::optional<QueryPair> pair = cursor.Next()) {
    REQUIRE(pair->value.data() != nullptr);
    std::string name(DecodeQueryText(pair->name, scratch));
    pairs.emplace_back(std::move(name), DecodeQueryText(pair->value, scratch));
  }
  return pairs;
}

std::string Decoded(std::string_view text) {
  std::string scratch;
  return std::string(DecodeQueryText(text, scratch));
}

/// The integer in decimal, "invalid" or "too long".
std::string Integer(std::string_view text) {
  PyRef value;
  switch (ParseInteger(text, value)) {
    case IntText::kInvalid:
      return "invalid";
    case IntText::kTooLong:
      return "too long";
    case IntText::kInteger:
      break;
  }
  REQUIRE(value);
  const PyRef string = PyRef::Steal(PyObject_Str(value.get()));
  return PyUnicode_AsUTF8(string.get());
}

TEST_CASE("QueryCursor passes over empty pairs and keeps empty names and values", "[query]") {
  CHECK(AllPairs("").empty());
  CHECK(AllPairs("&&&").empty());
  CHECK(AllPairs("a=1&&b=2&") == Pairs{{"a", "1"}, {"b", "2"}});
  CHECK(AllPairs("a&b=&=c&=&d=e=f") ==
        Pairs{{"a", ""}, {"b", ""}, {"", "c"}, {"", ""}, {"d", "e=f"}});
  CHECK(AllPairs("a;b=1") == Pairs{{"a;b", "1"}});
}

TEST_CASE("DecodeQueryText decodes plus and percent, and leaves what is broken", "[query]") {
  CHECK(Decoded("plain") == "plain");
  CHECK(Decoded("a+b%20c") == "a b c");
  CHECK(Decoded("%41%4a%4A") == "AJJ");
  CHECK(Decoded("%") == "%");
  CHECK(Decoded("%4") == "%4");
  CHECK(Decoded("%zz%4g%%41") == "%zz%4g%A");
  CHECK(Decoded("%00%ff") == std::string("\0\xff", 2));
}

TEST_CASE("DecodeQueryText copies only what is encoded", "[query]") {
  const std::string_view text = "no-escape";
  std::string scratch = "untouched";
  CHECK(DecodeQueryText(text, scratch).data() == text.data());
  CHECK(scratch == "untouched");
}

TEST_CASE("ParseInteger accepts pydantic's spellings", "[numbers]") {
  CHECK(Integer("0") == "0");
  CHECK(Integer("-12") == "-12");
  CHECK(Integer("+12") == "12");
  CHECK(Integer(" 12\n") == "12");
  CHECK(Integer("1_000_000") == "1000000");
  CHECK(Integer("12.000") == "12");
  CHECK(Integer("9223372036854775807") == "9223372036854775807");
  CHECK(Integer("9223372036854775808") == "9223372036854775808");
  CHECK(Integer("-9223372036854775809") == "-9223372036854775809");
  CHECK(Integer(std::string(4300, '7')) == std::string(4300, '7'));
}

TEST_CASE("ParseInteger refuses everything else", "[numbers]") {
  for (const std::string_view text : {"", " ", "-", "+", "+-1", "1-", "_1", "1_", "1__0", "1.5",
                                      "1.", ".0", "0x1", "1e3", "1 2", "\xc2\xb2", "--1", "1._0"}) {
    CAPTURE(text);
    CHECK(Integer(text) == "invalid");
  }
  CHECK(Integer(std::string_view("1\0", 2)) == "invalid");
  CHECK(Integer(std::string(4301, '7')) == "too long");
  CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE("ParseFloat accepts Python's spellings and nothing else", "[numbers]") {
  for (const auto& [text, value] : std::vector<std::pair<std::string_view, double>>{
           {"1.5", 1.5}, {" +1.5 ", 1.5}, {"1e3", 1000}, {"1_0.5", 10.5}, {".5", .5}, {"5.", 5}}) {
    CAPTURE(text);
    const PyRef number = ParseFloat(text);
    REQUIRE(number);
    CHECK(PyFloat_AsDouble(number.get()) == value);
  }
  for (const std::string_view text : {"", "x", "1.5.2", "0x1p3", "1,5", "\xff", "--1"}) {
    CAPTURE(text);
    CHECK(!ParseFloat(text));
    CHECK(PyErr_Occurred() == nullptr);
  }
}

TEST_CASE("ParseBool knows its words in any case", "[numbers]") {
  for (const std::string_view text : {"true", "TRUE", "t", "Yes", "y", "ON", "1"}) {
    CHECK(ParseBool(text) == true);
  }
  for (const std::string_view text : {"false", "F", "no", "N", "Off", "0"}) {
    CHECK(ParseBool(text) == false);
  }
  for (const std::string_view text : {"", "2", "truer", "trueee", "10", " 1", "-"}) {
    CHECK(ParseBool(text) == std::nullopt);
  }
}

TEST_CASE("IsJsonMediaType", "[media]") {
  for (const std::string_view text :
       {"application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
        " application/json ;x", "application/vnd.api+json", "application/problem+JSON"}) {
    CAPTURE(text);
    CHECK(IsJsonMediaType(text));
  }
  for (const std::string_view text :
       {"", "json", "text/json", "application/", "application/+json", "application/jsonx",
        "application/json-seq", "text/plain; application/json", "application"}) {
    CAPTURE(text);
    CHECK(!IsJsonMediaType(text));
  }
}

}  // namespace
}  // namespace turbo::pyembed
