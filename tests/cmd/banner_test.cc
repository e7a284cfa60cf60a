#include "cmd/banner.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

namespace turbo::cmd {
namespace {

using std::chrono::milliseconds;

BannerFacts Facts() {
  BannerFacts facts;
  facts.version = "1.2.3";
  facts.mode = "threads";
  facts.processes = 1;
  facts.loops_per_process = 2;
  facts.interpreter.implementation = "cpython";
  facts.interpreter.version = "3.14.4";
  facts.interpreter.free_threaded = true;
  facts.interpreter.executable = "/opt/python3.14t";
  facts.interpreter.build_flags = {"PGO"};
  facts.pid = 42;
  return facts;
}

std::string Shown(BannerFacts facts, BannerLook look) {
  std::string text;
  Banner::Clock::time_point now{};
  Banner banner(
      std::move(facts), look, [&text](std::string_view part) { text += part; }, now,
      [&now] { return now; });
  banner.Listening("http://127.0.0.1:8000");
  banner.Notice("one notice");
  banner.Notice("one notice");
  now += milliseconds(213);
  banner.Ready("CPython 3.14.4, GIL off");
  return text;
}

TEST_CASE("In a pipe the banner is plain lines", "[banner]") {
  CHECK(Shown(Facts(), BannerLook::kPlain) ==
        "turbo 1.2.3\n"
        "mode: threads, 1 process x 2 loops\n"
        "python: CPython 3.14.4 free-threaded (PGO, no LTO), /opt/python3.14t\n"
        "address: http://127.0.0.1:8000\n"
        "pid: 42\n"
        "note: one notice\n"
        "worker: CPython 3.14.4, GIL off\n"
        "ready in 0.213 s\n");
}

TEST_CASE("On a terminal the banner is aligned, and coloured where that shows", "[banner]") {
  const std::string plain = Shown(Facts(), BannerLook::kTerminal);
  CHECK(plain.find("  mode     threads, 1 process x 2 loops\n") != std::string::npos);
  CHECK(plain.find("  address  http://127.0.0.1:8000\n") != std::string::npos);
  CHECK(plain.find('\033') == std::string::npos);
  CHECK(Shown(Facts(), BannerLook::kColorTerminal).find("\033[32;1mready in 0.213 s\033[0m") !=
        std::string::npos);
}

TEST_CASE("As JSON the banner is one object a line", "[banner]") {
  BannerFacts facts = Facts();
  facts.interpreter.executable = "/opt/a \"quoted\" path";
  const std::string text = Shown(facts, BannerLook::kJson);
  CHECK(std::ranges::count(text, '\n') == 3);
  CHECK(text.starts_with("{\"time\":\"2"));
  CHECK(text.find(R"("message":"listening on http://127.0.0.1:8000","event":"listening")") !=
        std::string::npos);
  CHECK(text.find(R"("executable":"/opt/a \"quoted\" path")") != std::string::npos);
  CHECK(text.find(R"("level":"warning")") != std::string::npos);
  CHECK(text.find(R"("event":"ready","worker":"CPython 3.14.4, GIL off")") != std::string::npos);
  CHECK(text.find(R"("seconds":0.213})") != std::string::npos);
}

TEST_CASE("Threads that share a GIL are told what that means", "[banner]") {
  Interpreter with_gil;
  Interpreter free_threaded;
  free_threaded.free_threaded = true;
  REQUIRE(NotesOn(4, with_gil).size() == 1);
  CHECK(NotesOn(4, with_gil).front().find("the 4 loops take turns") != std::string::npos);
  CHECK(NotesOn(1, with_gil).empty());
  CHECK(NotesOn(4, free_threaded).empty());
}

}  // namespace
}  // namespace turbo::cmd
