#include "engine/base/log_format.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <utility>

namespace turbo::engine {
namespace {

struct LevelLook {
  std::string_view name;
  std::string_view padded;
  std::string_view color;
};

const LevelLook& LookOf(spdlog::level::level_enum level) {
  static constexpr std::array<LevelLook, 7> kLooks = {{{"trace", "trace   ", "\033[37m"},
                                                       {"debug", "debug   ", "\033[36m"},
                                                       {"info", "info    ", "\033[32m"},
                                                       {"warning", "warning ", "\033[33;1m"},
                                                       {"error", "error   ", "\033[31;1m"},
                                                       {"critical", "critical", "\033[1;41m"},
                                                       {"off", "off     ", ""}}};
  const auto index = static_cast<std::size_t>(level);
  return kLooks[index < kLooks.size() ? index : kLooks.size() - 1];
}

void Append(std::string_view text, spdlog::memory_buf_t& out) {
  out.append(text.data(), text.data() + text.size());
}

enum class Zone { kLocal, kUtc };

// Most lines share their second with the one before: only then is the calendar asked.
class Clock {
 public:
  explicit Clock(Zone zone) : zone_(zone) {}

  void Append(spdlog::log_clock::time_point time, spdlog::memory_buf_t& out) {
    using std::chrono::milliseconds;
    const auto since = std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
    const std::int64_t second = since >= 0 ? since / 1000 : (since - 999) / 1000;
    if (second != second_) Format(second);
    std::array<char, 8> fraction{};
    const auto millis = static_cast<unsigned>(since - second * 1000);
    const int length = std::snprintf(fraction.data(), fraction.size(), ".%03u", millis % 1000U);
    engine::Append(text_, out);
    engine::Append({fraction.data(), static_cast<std::size_t>(length)}, out);
  }

 private:
  void Format(std::int64_t second) {
    const auto time = static_cast<std::time_t>(second);
    std::tm parts{};
    if (zone_ == Zone::kUtc) {
      ::gmtime_r(&time, &parts);
    } else {
      ::localtime_r(&time, &parts);
    }
    std::array<char, 64> text{};
    const char* format = zone_ == Zone::kUtc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S";
    text_.assign(text.data(), std::strftime(text.data(), text.size(), format, &parts));
    second_ = second;
  }

  Zone zone_;
  std::int64_t second_ = INT64_MIN;
  std::string text_;
};

class TextFormatter final : public spdlog::formatter {
 public:
  TextFormatter(std::string process, bool color) : process_(std::move(process)), color_(color) {}

  void format(const spdlog::details::log_msg& record, spdlog::memory_buf_t& out) override {
    const LevelLook& look = LookOf(record.level);
    clock_.Append(record.time, out);
    out.push_back(' ');
    if (!process_.empty()) {
      Append(process_, out);
      out.push_back(' ');
    }
    if (color_) Append(look.color, out);
    Append(look.padded, out);
    if (color_) Append("\033[0m", out);
    out.push_back(' ');
    AppendPrintable({record.payload.data(), record.payload.size()}, out);
    out.push_back('\n');
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<TextFormatter>(process_, color_);
  }

 private:
  static void AppendPrintable(std::string_view text, spdlog::memory_buf_t& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
      const auto byte = static_cast<std::uint8_t>(c);
      if ((byte >= 0x20 && byte != 0x7F) || c == '\n' || c == '\t') {
        out.push_back(c);
        continue;
      }
      Append("\\x", out);
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }

  Clock clock_{Zone::kLocal};
  std::string process_;
  bool color_;
};

class JsonFormatter final : public spdlog::formatter {
 public:
  explicit JsonFormatter(std::string process) : process_(std::move(process)) {}

  void format(const spdlog::details::log_msg& record, spdlog::memory_buf_t& out) override {
    Append(R"({"time":")", out);
    clock_.Append(record.time, out);
    Append(R"(Z","level":")", out);
    Append(LookOf(record.level).name, out);
    out.push_back('"');
    if (!process_.empty()) {
      Append(R"(,"process":)", out);
      Append(JsonQuote(process_), out);
    }
    Append(R"(,"pid":)", out);
    Append(std::to_string(::getpid()), out);
    Append(R"(,"message":)", out);
    Append(JsonQuote({record.payload.data(), record.payload.size()}), out);
    Append("}\n", out);
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>(process_);
  }

 private:
  Clock clock_{Zone::kUtc};
  std::string process_;
};

}  // namespace

std::unique_ptr<spdlog::formatter> MakeLogFormatter(const LogOptions& options) {
  if (options.format == "json") return std::make_unique<JsonFormatter>(options.process);
  return std::make_unique<TextFormatter>(options.process, options.color);
}

}  // namespace turbo::engine
