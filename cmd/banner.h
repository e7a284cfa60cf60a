// What `turbo run` says when it starts: aligned and coloured on a terminal, plain "key: value"
// lines in a pipe, one object a line with --log-format json. Driven by the supervisor's events, on
// its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/interpreter.h"

namespace turbo::cmd {

struct BannerFacts {
  std::string version;  ///< turbo's
  std::string mode;
  std::uint32_t processes = 1;
  std::uint32_t loops_per_process = 1;
  Interpreter interpreter;
  std::vector<std::string> notes;  ///< sentences that the user should read, known before the start
  int pid = 0;
};

enum class BannerLook { kTerminal, kColorTerminal, kPlain, kJson };

class Banner {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(std::string_view)>;

  /// `write` gets whole lines. `started` is when the program began; `now` is the clock.
  Banner(BannerFacts facts, BannerLook look, Write write, Clock::time_point started,
         std::function<Clock::time_point()> now = Clock::now);

  void Listening(const std::string& url);
  void Notice(const std::string& line);  ///< the same line from several workers is shown once
  void Ready(const std::string&
                 worker_line);  ///< what the worker found itself to be, e.g. the GIL's state

 private:
  struct Row {
    std::string key;
    std::string value;
  };
  void Rows(std::string_view title, const std::vector<Row>& rows);
  void Note(const std::string& sentence);
  [[nodiscard]] bool color() const { return look_ == BannerLook::kColorTerminal; }
  [[nodiscard]] bool terminal() const {
    return look_ != BannerLook::kPlain && look_ != BannerLook::kJson;
  }

  BannerFacts facts_;
  BannerLook look_;
  Write write_;
  Clock::time_point started_;
  std::function<Clock::time_point()> now_;
  std::string url_;
  std::set<std::string> noted_;
};

/// Sentences about the choice itself: threads that share a GIL.
std::vector<std::string> NotesOn(std::uint32_t loops_per_process, const Interpreter& interpreter);

}  // namespace turbo::cmd
