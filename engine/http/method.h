// Request methods. The numbering is llhttp's (checked where llhttp is included), so that a parsed
// method needs no translation and a set of methods is one 64-bit mask.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace turbo::engine {

enum class Method : std::uint8_t {
  kDelete = 0,
  kGet = 1,
  kHead = 2,
  kPost = 3,
  kPut = 4,
  kConnect = 5,
  kOptions = 6,
  kTrace = 7,
  kPatch = 28,
};  // other llhttp method numbers are valid values too

/// Name on the wire, e.g. "GET". Static storage.
std::string_view MethodName(Method method);

/// Case-sensitive (RFC 9110 §9.1); nullopt for a method that the parser does not know.
std::optional<Method> MethodFromName(std::string_view name);

/// A set of methods.
class MethodSet {
 public:
  constexpr MethodSet() = default;
  constexpr explicit MethodSet(std::uint64_t bits) : bits_(bits) {}
  constexpr void Add(Method method) { bits_ |= Bit(method); }
  constexpr void Add(MethodSet other) { bits_ |= other.bits_; }
  [[nodiscard]] constexpr bool Contains(Method method) const { return (bits_ & Bit(method)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }

 private:
  static constexpr std::uint64_t Bit(Method method) {
    return std::uint64_t{1} << static_cast<unsigned>(method);
  }
  std::uint64_t bits_ = 0;
};

}  // namespace turbo::engine
