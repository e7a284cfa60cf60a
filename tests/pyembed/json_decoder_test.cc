// DecodeJson beside json.loads, and where it is stricter.
#include <Python.h>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <string_view>

#include "pyembed/json_decoder.h"
#include "pyembed/json_encoder.h"
#include "tests/pyembed/json_test_util.h"

namespace turbo::pyembed {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using testing::Decode;
using testing::Evaluate;
using testing::TakeException;

/// Decodes `text` and holds it against json.loads.
void CheckAsJson(const std::string& text) {
  INFO(text.substr(0, 100));
  const PyRef bytes =
      PyRef::Steal(PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
  const PyRef loads = Evaluate("lambda text: repr(json.loads(text.decode()))", "import json");
  const PyRef expected = PyRef::Steal(PyObject_CallOneArg(loads.get(), bytes.get()));
  if (!expected) FAIL(TakeException());
  CHECK(Decode(text) == PyUnicode_AsUTF8(expected.get()));
}

TEST_CASE("DecodeJson reads values as json.loads does", "[json]") {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "1",
                           "-1",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "9223372036854775808",
                           "18446744073709551615",
                           "18446744073709551616",
                           "-9223372036854775809",
                           "123456789012345678901234567890",
                           "0.0",
                           "-0.0",
                           "1.5",
                           "0.1",
                           "1e2",
                           "1E+2",
                           "1e-2",
                           "1.7976931348623157e308",
                           "1e400",
                           "-1e400",
                           "1e-400",
                           "5e-324",
                           "2.2250738585072011e-308",
                           "0.1000000000000000055511151231257827021181583404541015625",
                           "9007199254740993",
                           "9007199254740993.0",
                           "-0e0",
                           "-0.0e5",
                           "\"\"",
                           "\"plain\"",
                           R"("\"\\\/\b\f\n\r\t")",
                           R"("\u00e9\u20ac\ud83d\ude00\u0000")",
                           "\"é€😀\"",
                           "\"\x7f\"",
                           "[]",
                           "{}",
                           "[[],{}]",
                           " [ 1 , 2 ] ",
                           "\t\r\n{ \"a\" : [ 1 , { \"b\" : null } ] }\n",
                           R"({"a":1,"b":2,"a":3})",
                           R"({"":{"":[]}})",
                           R"({"user_id":123,"name":"User 123"})",
                           R"({"é":1,"\u00e9":2})"}) {
    CheckAsJson(text);
  }
  CheckAsJson("1" + std::string(4299, '0'));
  CheckAsJson("\"" + std::string(5000, 'x') + "\"");
  CheckAsJson("\"" + std::string(5000, 'x') + "é\"");
}

TEST_CASE("DecodeJson reads documents of any size", "[json]") {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i) {
    text += "{\"id\":" + std::to_string(i) + ",\"name\":\"User " + std::to_string(i) + "\",\"k" +
            std::to_string(i) + "\":[1.5,true]},";
  }
  text.back() = ']';
  CheckAsJson(text);
}

TEST_CASE("DecodeJson shares a key's str within a document", "[json]") {
  const PyRef value = DecodeJson(R"([{"some_key":1},{"some_key":2}])");
  REQUIRE(value);
  const auto key = [&](Py_ssize_t i) {
    Py_ssize_t position = 0;
    PyObject* found = nullptr;
    REQUIRE(PyDict_Next(PyList_GET_ITEM(value.get(), i), &position, &found, nullptr) == 1);
    return found;
  };
  CHECK(key(0) == key(1));
}

TEST_CASE("DecodeJson refuses what is not JSON and says where", "[json]") {
  for (const char* text : {"nul",
                           "tru",
                           "True",
                           "None",
                           "nan",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "[NaN]",
                           "inf",
                           "+1",
                           "01",
                           "-",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x1",
                           "1_0",
                           "'a'",
                           "\"",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\n\"",
                           "\"\x01\"",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{,}",
                           "1 2",
                           "[] []",
                           "null,",
                           " ",
                           "\n",
                           "/**/1",
                           "1//x",
                           "\"\xff\"",
                           "\"\xc3\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xc0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\xff",
                           "[1]\x01"}) {
    INFO(text);
    const std::string message = Decode(text);
    CHECK_THAT(message, StartsWith("ValueError: Invalid JSON: "));
    CHECK_THAT(message, ContainsSubstring(" at byte "));
  }
  CHECK_THAT(Decode("[1,2,x]"), ContainsSubstring("at byte 5"));
  CHECK_THAT(Decode("{\"a\":tru}"), ContainsSubstring("at byte 5"));
  CHECK_THAT(Decode(""), ContainsSubstring("empty at byte 0"));
  CHECK_THAT(Decode("\xEF\xBB\xBF[]"), ContainsSubstring("byte order mark"));
  CHECK_THAT(Decode(std::string_view("1\0", 2)), StartsWith("ValueError: Invalid JSON: "));
  CHECK_THAT(Decode(std::string_view("\"a\0b\"", 5)), StartsWith("ValueError: Invalid JSON: "));
}

TEST_CASE("DecodeJson refuses a lone surrogate", "[json]") {
  for (const char* text : {R"("\ud800")", R"("\udfff")", R"("\ud800x")", R"("\ud800\ud800")",
                           R"(["\udc00\ud800"])", R"({"\ud800":1})"}) {
    INFO(text);
    CHECK_THAT(Decode(text), StartsWith("ValueError: Invalid JSON: "));
  }
}

TEST_CASE("DecodeJson holds to sys.set_int_max_str_digits", "[json]") {
  CHECK_THAT(Decode("1" + std::string(4300, '0')), StartsWith("ValueError: Exceeds the limit"));
}

TEST_CASE("DecodeJson bounds nesting", "[json]") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CheckAsJson(nested(kMaxJsonDepth));
  CHECK_THAT(Decode(nested(kMaxJsonDepth + 1)),
             StartsWith("ValueError: Invalid JSON: nested deeper than 256"));
  CHECK_THAT(Decode(nested(1'000'000)), StartsWith("ValueError: "));
  CHECK_THAT(Decode(std::string(1'000'000, '[')), StartsWith("ValueError: "));
  std::string objects;
  for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
  CHECK_THAT(Decode(objects + "1" + std::string(1000, '}')),
             StartsWith("ValueError: Invalid JSON: nested deeper"));
}

TEST_CASE("DecodeJson costs", "[json][!benchmark]") {
  const auto measure = [](const char* name, const std::string& text) {
    BENCHMARK(std::string(name)) { return DecodeJson(text); };
  };
  measure("user", R"({"user_id":123,"name":"User 123"})");
  measure("item", R"({"name":"Widget","price":9.99})");
  std::string users = "[";
  for (int i = 0; i < 100; ++i) {
    users += R"({"user_id":)" + std::to_string(i) + R"(,"name":"User )" + std::to_string(i) +
             R"(","active":true},)";
  }
  users.back() = ']';
  measure("hundred users", users);
}

}  // namespace
}  // namespace turbo::pyembed
