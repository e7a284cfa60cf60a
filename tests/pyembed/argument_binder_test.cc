#include "pyembed/argument_binder.h"
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/pyembed/argument_test_util.h"
#include "tests/pyembed/json_test_util.h"

namespace turbo::pyembed::testing {
namespace {

std::string Error(const std::string& loc, const std::string& msg, const std::string& type) {
  return "{'loc': [" + loc + "], 'msg': '" + msg + "', 'type': '" + type + "'}";
}

const std::string kNotAnInteger =
    "Input should be a valid integer, unable to parse string as an integer";

std::string CompileError(const std::string& arguments) {
  const PyRef list = Evaluate(arguments);
  CHECK(ArgumentBinder::Compile(list.get()) == nullptr);
  return TakeException();
}

TEST_CASE("ArgumentBinder binds nothing for a handler without parameters", "[arguments]") {
  const Bound bound = BindGet({"def h(): pass"}, "/?a=1");
  CHECK(bound.status == BindStatus::kBound);
  CHECK(bound.text == "[]");
}

TEST_CASE("ArgumentBinder converts path parameters in any order of the signature", "[arguments]") {
  const Bound bound =
      BindGet({"def h(b: float, a: int, c): pass", "/{a}/{b}/{c:int}"}, "/7/1.5/99");
  CHECK(bound.text == "[1.5, 7, 99]");
}

TEST_CASE("ArgumentBinder takes integers of any size from typed and untyped patterns",
          "[arguments]") {
  const std::string digits(40, '9');
  CHECK(BindGet({"def h(a: int): pass", "/{a:int}"}, "/" + digits).text == "[" + digits + "]");
  CHECK(BindGet({"def h(a: int): pass", "/{a}"}, "/" + digits).text == "[" + digits + "]");
  CHECK(BindGet({"def h(a: int): pass", "/{a:int}"}, "/-9223372036854775808").text ==
        "[-9223372036854775808]");
}

TEST_CASE("ArgumentBinder reads the query: last value, escapes, absent ones", "[arguments]") {
  const Signature signature{"def h(q, n: int = 5, l: list[int] = [], o: bool | None = None): pass"};
  CHECK(BindGet(signature, "/?q=a&q=b%20c+d&n=7&l=1&l=2&o=on").text ==
        "['b c d', 7, [1, 2], True]");
  CHECK(BindGet(signature, "/?q").text == "['', 5, [], None]");
  CHECK(BindGet(signature, "/?&&%71=x&").text == "['x', 5, [], None]");
  const Bound missing = BindGet(signature, "/");
  CHECK(missing.status == BindStatus::kInvalid);
  CHECK(missing.text == "[" + Error("'query', 'q'", "Field required", "missing") + "]");
}

TEST_CASE("ArgumentBinder gathers all errors by source and gives no argument", "[arguments]") {
  const Bound bound = BindGet(
      {"def h(z: int, d: dict, request: Request, ok: str, p: int): pass", "/{p}"}, "/x?z=y&ok=1");
  CHECK(bound.status == BindStatus::kInvalid);
  CHECK(bound.text == "[" + Error("'path', 'p'", kNotAnInteger, "int_parsing") + ", " +
                          Error("'query', 'z'", kNotAnInteger, "int_parsing") + ", " +
                          Error("'body'", "Field required", "missing") + "]");
}

TEST_CASE("ArgumentBinder gives the same Request to every parameter that asks", "[arguments]") {
  const Bound bound = BindGet({"def h(a: Request, b: Request): pass"}, "/");
  REQUIRE(bound.status == BindStatus::kBound);
  const std::string half = bound.text.substr(1, (bound.text.size() - 4) / 2);
  CHECK(bound.text == "[" + half + ", " + half + "]");
}

TEST_CASE("ArgumentBinder hands over bodies wherever the reads are cut", "[arguments]") {
  const std::string request =
      "POST /?n=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{\"k\": \"v\"}";
  const Signature signature{"def h(raw: bytes, data: dict, n: int): pass"};
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    CHECK(BindRequest(signature, request, cut).text == "[b'{\"k\": \"v\"}', {'k': 'v'}, 1]");
  }
}

TEST_CASE("ArgumentBinder validates a dataclass deeply and recursively", "[arguments]") {
  const std::string setup =
      "@dataclass\n"
      "class Node:\n"
      "  value: int\n"
      "  next: 'Node | None' = None\n"
      "  names: list[str] = dataclasses.field(default_factory=list, kw_only=True)\n"
      "sys.modules[__name__].Node = Node\n"
      "def h(node: Node): pass";
  CHECK(BindJson(setup, R"({"value":1,"next":{"value":"2","names":["a"]}})").text ==
        "[Node(value=1, next=Node(value=2, next=None, names=['a']), names=[])]");
  CHECK(BindJson(setup, R"({"next":{"value":"x","names":["a",1]}})").text ==
        "[" + Error("'body', 'value'", "Field required", "missing") + ", " +
            Error("'body', 'next', 'value'", kNotAnInteger, "int_parsing") + ", " +
            Error("'body', 'next', 'names', 1", "Input should be a valid string", "string_type") +
            "]");
}

TEST_CASE("ArgumentBinder lets what a constructor raises through, except refusals", "[arguments]") {
  const std::string setup =
      "@dataclass\n"
      "class Odd:\n"
      "  how: str\n"
      "  def __post_init__(self):\n"
      "    raise {'value': ValueError, 'key': KeyError}[self.how]('said')\n"
      "def h(a: Odd): pass";
  CHECK(BindJson(setup, R"({"how":"value"})").text ==
        "[" + Error("'body'", "Value error, said", "value_error") + "]");
  const Bound raised = BindJson(setup, R"({"how":"key"})");
  CHECK(raised.status == BindStatus::kRaised);
  CHECK(raised.text == "KeyError: 'said'");
}

TEST_CASE("ArgumentBinder tells where a body stops being JSON", "[arguments]") {
  CHECK(BindJson("def h(a: dict): pass", R"({"a": nope})").text ==
        "[" + Error("'body', 6", "JSON decode error", "json_invalid") + "]");
}

TEST_CASE("ArgumentBinder refuses malformed descriptions", "[arguments]") {
  CHECK(CompileError("[('path', 0)]").starts_with("TypeError"));
  CHECK(CompileError("[('path', 99, 'x', ('int',))]").starts_with("TypeError"));
  CHECK(CompileError("[('cookie', 'x')]").starts_with("TypeError: malformed description"));
  CHECK(CompileError("[('query', 'x', ('nothing',), True, None)]")
            .starts_with("TypeError: malformed plan of a type"));
  CHECK(CompileError("[('query', 'x', ('list', ('union', (), ('a',))), True, None)]")
            .starts_with("TypeError: malformed plan of a type"));
  CHECK(CompileError("[()]").starts_with("TypeError"));
  CHECK(CompileError("['request']").starts_with("TypeError"));
  CHECK(CompileError("7").starts_with("TypeError"));
  CHECK(CompileError("[('request',)] * 65").starts_with("ValueError: 65 arguments"));
}

TEST_CASE("ArgumentBinder keeps no reference to what it bound", "[arguments]") {
  const PyRef before = Evaluate("__import__('gc').collect()");
  const std::string setup =
      "@dataclass\n"
      "class Item:\n"
      "  n: int\n"
      "  def __post_init__(self): sys.counted = getattr(sys, 'counted', 0) + 1\n"
      "  def __del__(self): sys.counted -= 1\n"
      "def h(items: list[Item], n: int = 0): pass";
  const std::string body = R"([{"n":1},{"n":2}])";
  CHECK(BindJson(setup, body).status == BindStatus::kBound);
  CHECK(BindRequest({setup}, "POST /?n=x HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n" + body)
            .status == BindStatus::kInvalid);
  const PyRef collected = Evaluate("__import__('gc').collect()");
  const PyRef left = Evaluate("__import__('sys').counted");
  CHECK(PyLong_AsLong(left.get()) == 0);
}

}  // namespace
}  // namespace turbo::pyembed::testing
