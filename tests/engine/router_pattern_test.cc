// Route patterns, and the conversion of typed path parameters.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <string>
#include <string_view>

#include "engine/router/path_value.h"
#include "engine/router/percent_decode.h"
#include "engine/router/router.h"

namespace turbo::engine {
namespace {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("ParsePattern names parameters and kinds in order", "[router]") {
  const auto params =
      Router::ParsePattern("/a/{x}/{n:int}/v{f:float}/{u:uuid}/{s:str}.json/{größe}/{rest:path}");
  REQUIRE(params.has_value());
  REQUIRE(params->size() == 7);
  CHECK(params->at(0).name == "x");
  CHECK(params->at(0).kind == PathKind::kString);
  CHECK(params->at(1).kind == PathKind::kInt);
  CHECK(params->at(2).kind == PathKind::kFloat);
  CHECK(params->at(3).kind == PathKind::kUuid);
  CHECK(params->at(4).kind == PathKind::kString);
  CHECK(params->at(5).name == "größe");
  CHECK(params->at(6).name == "rest");
  CHECK(params->at(6).kind == PathKind::kPath);
  CHECK(Router::ParsePattern("/")->empty());
}

TEST_CASE("ParsePattern says what is wrong with a malformed pattern", "[router]") {
  const auto message = [](std::string_view pattern) {
    const auto params = Router::ParsePattern(pattern);
    INFO(pattern);
    REQUIRE_FALSE(params.has_value());
    CHECK(params.error().exit_code == ExitCode::kLoadFailed);
    CHECK_THAT(params.error().message,
               ContainsSubstring(std::string(1, '"').append(pattern).append(1, '"')));
    return params.error().message;
  };
  CHECK_THAT(message(""), ContainsSubstring("begin with '/'"));
  CHECK_THAT(message("a"), ContainsSubstring("begin with '/'"));
  CHECK_THAT(message("/{a"), ContainsSubstring("'}'"));
  CHECK_THAT(message("/{a/b}"), ContainsSubstring("without its '}'"));
  CHECK_THAT(message("/a}"), ContainsSubstring("without its '{'"));
  CHECK_THAT(message("/}{a"), ContainsSubstring("without its '{'"));
  CHECK_THAT(message("/{a}}"), ContainsSubstring("without its '{'"));
  CHECK_THAT(message("/{}"), ContainsSubstring("identifier"));
  CHECK_THAT(message("/{:int}"), ContainsSubstring("identifier"));
  CHECK_THAT(message("/{1a}"), ContainsSubstring("identifier"));
  CHECK_THAT(message("/{a-b}"), ContainsSubstring("identifier"));
  CHECK_THAT(message("/{{a}"), ContainsSubstring("identifier"));
  CHECK_THAT(message("/{a:number}"), ContainsSubstring("\"number\""));
  CHECK_THAT(message("/{a:}"), ContainsSubstring("unknown parameter type"));
  CHECK_THAT(message("/{a}{b}"), ContainsSubstring("two parameters"));
  CHECK_THAT(message("/{a}-{b}"), ContainsSubstring("two parameters"));
  CHECK_THAT(message("/{a}/{a}"), ContainsSubstring("twice"));
  CHECK_THAT(message("/{a:path}/b"), ContainsSubstring("end with its path parameter"));
  CHECK_THAT(message("/{a:path}/"), ContainsSubstring("end with its path parameter"));
  CHECK_THAT(message("/x{a:path}"), ContainsSubstring("end with its path parameter"));
  CHECK_THAT(message("/a?b"), ContainsSubstring("query"));
  CHECK_THAT(message("/a#b"), ContainsSubstring("'#'"));
  CHECK_THAT(message("/\xff"), ContainsSubstring("UTF-8"));
  CHECK_THAT(message(std::string_view("/a\0b", 4)), ContainsSubstring("NUL"));
  CHECK_THAT(message(std::string("/").append(256, 'x').append("{a}")), ContainsSubstring("255"));
  std::string many;
  for (std::size_t i = 0; i < kMaxPathParams; ++i) many += "/{p" + std::to_string(i) + "}";
  CHECK(Router::ParsePattern(many).has_value());
  CHECK_THAT(message(many + "/{more}"), ContainsSubstring("16"));
}

TEST_CASE("Path integers convert up to 64 bits and keep their text beyond", "[router]") {
  PathValue value;
  const auto converts = [&](std::string_view text) {
    return ConvertPathValue(PathKind::kInt, text, value);
  };
  REQUIRE(converts("123"));
  CHECK(value.fits);
  CHECK(value.integer == 123);
  REQUIRE(converts("-0"));
  CHECK(value.integer == 0);
  REQUIRE(converts("000000000000000000000000000000000007"));
  CHECK(value.fits);
  CHECK(value.integer == 7);
  REQUIRE(converts("9223372036854775807"));
  CHECK(value.fits);
  CHECK(value.integer == std::numeric_limits<std::int64_t>::max());
  REQUIRE(converts("-9223372036854775808"));
  CHECK(value.fits);
  CHECK(value.integer == std::numeric_limits<std::int64_t>::min());
  REQUIRE(converts("9223372036854775808"));
  CHECK_FALSE(value.fits);
  CHECK(value.text == "9223372036854775808");
  REQUIRE(converts("-9223372036854775809"));
  CHECK_FALSE(value.fits);
  REQUIRE(converts(std::string(1000, '9')));
  CHECK_FALSE(value.fits);
  for (const char* text :
       {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "1_0", "--1", "1a", "99999999999999999999a"}) {
    INFO(text);
    CHECK_FALSE(converts(text));
  }
}

TEST_CASE("Path floats are plain decimals within a double's range", "[router]") {
  PathValue value;
  const auto converts = [&](std::string_view text) {
    return ConvertPathValue(PathKind::kFloat, text, value);
  };
  REQUIRE(converts("1.5"));
  CHECK(value.real == 1.5);
  REQUIRE(converts("-3"));
  CHECK(value.real == -3.0);
  REQUIRE(converts("0.1"));
  CHECK(value.real == 0.1);
  REQUIRE(converts("0." + std::string(400, '0') + "1"));
  CHECK(value.real == 0.0);
  REQUIRE(converts(std::string(308, '9')));
  CHECK_FALSE(converts(std::string(400, '9')));
  for (const char* text : {"", "-", ".", "1.", ".5", "+1.5", "1e5", "inf", "nan", "-inf", "0x1p3",
                           "1.5.2", "1,5", "1.5 "}) {
    INFO(text);
    CHECK_FALSE(converts(text));
  }
}

TEST_CASE("Path UUIDs are 8-4-4-4-12 hexadecimal digits", "[router]") {
  PathValue value;
  const auto converts = [&](std::string_view text) {
    return ConvertPathValue(PathKind::kUuid, text, value);
  };
  CHECK(converts("123e4567-e89b-12d3-a456-426614174000"));
  CHECK(converts("123E4567-E89B-12D3-A456-426614174ABC"));
  CHECK_FALSE(converts("123e4567e89b12d3a456426614174000"));
  CHECK_FALSE(converts("123e4567-e89b-12d3-a456-42661417400"));
  CHECK_FALSE(converts("123e4567-e89b-12d3-a456-4266141740000"));
  CHECK_FALSE(converts("123e4567-e89b-12d3-a456-42661417400g"));
  CHECK_FALSE(converts("123e4567-e89b-12d3-a456=426614174000"));
  CHECK_FALSE(converts("{123e4567-e89b-12d3-a456-426614174000}"));
}

TEST_CASE("ClassifyPath sees what is special at every place", "[router]") {
  for (std::size_t size = 1; size < 40; ++size) {
    std::string path(size, 'a');
    CHECK(ClassifyPath(path) == PathForm::kPlain);
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : {'%', '\x80', '\xff'}) {
        path[at] = c;
        CHECK(ClassifyPath(path) == PathForm::kEncoded);
      }
      path[at] = '\0';
      CHECK(ClassifyPath(path) == PathForm::kBad);
      for (const char c : {'$', '&', '\x01', '\x7f', '/'}) {
        path[at] = c;
        CHECK(ClassifyPath(path) == PathForm::kPlain);
      }
      path[at] = 'a';
    }
  }
}

TEST_CASE("IsValidUtf8 refuses overlong forms, surrogates and what is cut short", "[router]") {
  CHECK(IsValidUtf8("plain"));
  CHECK(IsValidUtf8(
      "\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
  for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
                           "\xED\xBF\xBF", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80", "\xFF", "\xF0\x9F\x98",
                           "\xC2"
                           "a"}) {
    INFO(text);
    CHECK_FALSE(IsValidUtf8(text));
  }
}

}  // namespace
}  // namespace turbo::engine
