#include "cmd/units.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace turbo::cmd {
namespace {

using std::chrono::milliseconds;

TEST_CASE("ParseDuration reads every unit", "[units]") {
  CHECK(ParseDuration("10") == milliseconds(10'000));
  CHECK(ParseDuration("10s") == milliseconds(10'000));
  CHECK(ParseDuration("500ms") == milliseconds(500));
  CHECK(ParseDuration("1m") == milliseconds(60'000));
  CHECK(ParseDuration("2h") == milliseconds(7'200'000));
  CHECK(ParseDuration("0.5s") == milliseconds(500));
  CHECK(ParseDuration("1.0005") == milliseconds(1001));
  CHECK(ParseDuration("0") == milliseconds(0));
  CHECK(ParseDuration("24h") == milliseconds(86'400'000));
}

TEST_CASE("ParseDuration refuses what is no duration", "[units]") {
  for (const char* text : {"", "s", "ms", "-1", "+1", " 1", "1 s", "1S", "1sec", "1d", "1.5.2", ".",
                           "nan", "inf", "1e3", "0x10", "25h", "999999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(ParseDuration(text).has_value());
  }
}

TEST_CASE("ParseSize reads every unit", "[units]") {
  CHECK(ParseSize("1048576") == 1048576U);
  CHECK(ParseSize("0") == 0U);
  CHECK(ParseSize("1048576B") == 1048576U);
  CHECK(ParseSize("64KiB") == 65536U);
  CHECK(ParseSize("64k") == 65536U);
  CHECK(ParseSize("16MiB") == 16777216U);
  CHECK(ParseSize("16M") == 16777216U);
  CHECK(ParseSize("1gib") == 1073741824U);
  CHECK(ParseSize("1024G") == std::uint64_t{1} << 40);
}

TEST_CASE("ParseSize refuses what is no size", "[units]") {
  for (const char* text : {"", "M", "1.5M", "-1", "16 MiB", "16KB", "16MB", "16T", "16X", "1025G",
                           "99999999999999999999", "1_000"}) {
    INFO(text);
    CHECK_FALSE(ParseSize(text).has_value());
  }
}

TEST_CASE("ParseNumber holds to its range", "[units]") {
  CHECK(ParseNumber("0", 0, 65535) == 0U);
  CHECK(ParseNumber("65535", 0, 65535) == 65535U);
  for (const char* text : {"65536", "-1", "", "1.0", "80x", " 80", "99999999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(ParseNumber(text, 0, 65535).has_value());
  }
  CHECK_FALSE(ParseNumber("0", 1, 10).has_value());
}

TEST_CASE("ParseSwitch reads the usual words", "[units]") {
  for (const char* text : {"true", "1", "YES", "on"}) CHECK(ParseSwitch(text) == true);
  for (const char* text : {"false", "0", "No", "OFF"}) CHECK(ParseSwitch(text) == false);
  for (const char* text : {"", "2", "maybe", "truee"}) CHECK_FALSE(ParseSwitch(text).has_value());
}

TEST_CASE("FormatSeconds keeps milliseconds where they matter", "[units]") {
  CHECK(FormatSeconds(milliseconds(213)) == "0.213 s");
  CHECK(FormatSeconds(milliseconds(12'440)) == "12.4 s");
}

}  // namespace
}  // namespace turbo::cmd
