#include "pyembed/params/number_text.h"

#include <charconv>
#include <string>
#include <system_error>

#include "engine/http/request.h"

namespace turbo::pyembed {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// "123.000" to "123": pydantic takes a fraction of zeros for an integer.
std::string_view WithoutZeroFraction(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || point == 0 || point + 1 == text.size()) return text;
  const bool zeros = text.find_first_not_of('0', point + 1) == std::string_view::npos;
  return zeros ? text.substr(0, point) : text;
}

/// Digits with single underscores between them, copied without those. False if `text` is anything
/// else.
bool CopyDigits(std::string_view text, std::string& digits) {
  bool after_digit = false;
  for (const char c : text) {
    if (IsDigit(c)) {
      digits.push_back(c);
      after_digit = true;
    } else if (c == '_' && after_digit) {
      after_digit = false;
    } else {
      return false;
    }
  }
  return after_digit;
}

}  // namespace

IntText ParseInteger(std::string_view text, PyRef& result) {
  // Nearly every integer that is ever sent: digits alone, in 64 bits.
  std::int64_t small = 0;
  const char* const end = text.data() + text.size();
  if (const auto [stop, error] = std::from_chars(text.data(), end, small);
      error == std::errc{} && stop == end) {
    result = PyRef::Steal(PyLong_FromLongLong(small));
    return IntText::kInteger;
  }
  std::string_view rest = Trim(text);
  std::string digits;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    if (rest.front() == '-') digits.push_back('-');
    rest.remove_prefix(1);
  }
  if (!CopyDigits(WithoutZeroFraction(rest), digits)) return IntText::kInvalid;
  if (digits.size() > kMaxIntegerDigits) return IntText::kTooLong;
  result = PyRef::Steal(PyLong_FromString(digits.c_str(), nullptr, 10));
  if (!result && PyErr_ExceptionMatches(PyExc_ValueError) != 0) {
    PyErr_Clear();  // the application has set a lower limit of its own
    return IntText::kTooLong;
  }
  return IntText::kInteger;
}

PyRef ParseFloat(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  if (const auto [stop, error] = std::from_chars(text.data(), end, value);
      error == std::errc{} && stop == end) {
    return PyRef::Steal(PyFloat_FromDouble(value));
  }
  PyRef string = PyRef::Steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
  PyRef result = string ? PyRef::Steal(PyFloat_FromString(string.get())) : PyRef();
  if (!result && PyErr_ExceptionMatches(PyExc_ValueError) != 0) PyErr_Clear();
  return result;
}

std::optional<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"true", "1", "t", "yes", "y", "on"}) {
    if (engine::EqualsIgnoreCase(text, yes)) return true;
  }
  for (const std::string_view no : {"false", "0", "f", "no", "n", "off"}) {
    if (engine::EqualsIgnoreCase(text, no)) return false;
  }
  return std::nullopt;
}

}  // namespace turbo::pyembed
