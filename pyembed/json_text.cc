#include "pyembed/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace turbo::pyembed {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kLongestEscape = 6;  // \u001f

/// For each ASCII character the letter behind its backslash, 'u' for \u00XX, 0 for itself.
constexpr std::array<char, 128> MakeEscapes() {
  std::array<char, 128> escapes{};
  for (std::size_t c = 0; c < 0x20; ++c) escapes[c] = 'u';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['\f'] = 'f';
  escapes['\b'] = 'b';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 128> kEscapes = MakeEscapes();

template <typename Word>
Word Load(const Py_UCS1* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Of eight ASCII characters: does any want an escape? Bytes below 0x20, '"' and '\\' each leave
/// their high bit.
bool WantsEscape(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t backslash = word ^ (kOnes * '\\');
  return (((word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes)) & (kOnes * 0x80)) != 0;
}

char* PutUnicodeEscape(char* to, std::uint32_t c) {
  *to++ = '\\';
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = kHexDigits[(c >> shift) & 0xF];
  return to;
}

char* PutAscii(char* to, std::uint32_t c) {
  const char escape = kEscapes[c];
  if (escape == 0) {
    *to++ = static_cast<char>(c);
    return to;
  }
  if (escape == 'u') return PutUnicodeEscape(to, c);
  *to++ = '\\';
  *to++ = escape;
  return to;
}

char* PutCharacter(char* to, std::uint32_t c) {
  const auto continuation = [](std::uint32_t bits) {
    return static_cast<char>(0x80 | (bits & 0x3F));
  };
  if (c < 0x80) return PutAscii(to, c);
  if (c < 0x800) {
    *to++ = static_cast<char>(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    if (c >= 0xD800 && c <= 0xDFFF) return PutUnicodeEscape(to, c);
    *to++ = static_cast<char>(0xE0 | c >> 12);
    *to++ = continuation(c >> 6);
  } else {
    *to++ = static_cast<char>(0xF0 | c >> 18);
    *to++ = continuation(c >> 12);
    *to++ = continuation(c >> 6);
  }
  *to++ = continuation(c);
  return to;
}

/// Copies from `from` to `to` as long as whole words want no escape; returns how many bytes that
/// was. All of them, if none wants one.
std::size_t CopyClean(char* to, const Py_UCS1* from, std::size_t size) {
  if (size >= 8) {
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
      const auto word = Load<std::uint64_t>(from + i);
      if (WantsEscape(word)) return i;
      std::memcpy(to + i, &word, sizeof word);
    }
    if (i == size) return size;
    const auto last = Load<std::uint64_t>(from + size - 8);  // overlaps what is copied already
    if (WantsEscape(last)) return i;
    std::memcpy(to + size - 8, &last, sizeof last);
    return size;
  }
  if (size >= 4) {
    const auto first = Load<std::uint32_t>(from);
    const auto last = Load<std::uint32_t>(from + size - 4);
    if (WantsEscape(std::uint64_t{last} << 32 | first)) return 0;
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - 4, &last, sizeof last);
    return size;
  }
  std::size_t i = 0;
  for (; i < size && kEscapes[from[i]] == 0; ++i) to[i] = static_cast<char>(from[i]);
  return i;
}

void WriteAscii(JsonSink& sink, const Py_UCS1* from, std::size_t size) {
  char* to = sink.Need(size + 2);
  *to++ = '"';
  std::size_t done = CopyClean(to, from, size);
  to += done;
  while (done < size) [[unlikely]] {
    const std::size_t block = std::min<std::size_t>(size - done, 8);
    sink.WrittenTo(to);
    to = sink.Need(block * kLongestEscape + (size - done - block) + 1);
    for (std::size_t i = 0; i < block; ++i) to = PutAscii(to, from[done + i]);
    done += block;
    const std::size_t clean = CopyClean(to, from + done, size - done);
    to += clean;
    done += clean;
  }
  *to++ = '"';
  sink.WrittenTo(to);
}

template <typename Character>
void WriteWide(JsonSink& sink, const Character* from, std::size_t size) {
  constexpr std::size_t kBlock = 64;
  sink.Put('"');
  for (std::size_t done = 0; done < size;) {
    const std::size_t end = std::min(size, done + kBlock);
    char* to = sink.Need((end - done) * kLongestEscape);
    for (; done < end; ++done) to = PutCharacter(to, from[done]);
    sink.WrittenTo(to);
  }
  sink.Put('"');
}

}  // namespace

void WriteJsonString(JsonSink& sink, PyObject* text) {
  const auto size = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
  const void* const data = PyUnicode_DATA(text);
  if (PyUnicode_IS_ASCII(text)) {
    WriteAscii(sink, static_cast<const Py_UCS1*>(data), size);
    return;
  }
  switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND:
      return WriteWide(sink, static_cast<const Py_UCS1*>(data), size);
    case PyUnicode_2BYTE_KIND:
      return WriteWide(sink, static_cast<const Py_UCS2*>(data), size);
    default:
      return WriteWide(sink, static_cast<const Py_UCS4*>(data), size);
  }
}

void WriteJsonInteger(JsonSink& sink, std::int64_t value) {
  constexpr std::size_t kLongest = 20;  // -9223372036854775808
  char* const to = sink.Need(kLongest);
  sink.WrittenTo(std::to_chars(to, to + kLongest, value).ptr);
}

void WriteJsonDouble(JsonSink& sink, double value) {
  // The shortest digits are those of repr; the exponent decides, as in CPython's float_repr_style
  // 'r', how they are laid out.
  std::array<char, 32> text;
  const char* const text_end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const char* from = text.data();
  constexpr std::size_t kLongest =
      32;  // sign, 17 digits, point, and up to 4 leading zeros or an exponent
  char* to = sink.Need(kLongest);
  if (*from == '-') *to++ = *from++;

  std::array<char, 20> digits;
  std::size_t count = 0;
  const char* const mark = std::find(from, text_end, 'e');
  for (const char* p = from; p != mark; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, text_end, exponent);

  if (exponent < -4 || exponent >= 16) {
    sink.WrittenTo(
        std::copy(from, text_end, to));  // "1.5e-07": two digits of exponent at least, as in Python
    return;
  }
  if (exponent < 0) {
    *to++ = '0';
    *to++ = '.';
    to = std::fill_n(to, -exponent - 1, '0');
    sink.WrittenTo(std::copy_n(digits.data(), count, to));
    return;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  to = std::copy_n(digits.data(), std::min(whole, count), to);
  if (count > whole) {
    *to++ = '.';
    to = std::copy_n(digits.data() + whole, count - whole, to);
  } else {
    to = std::fill_n(to, whole - count, '0');
    *to++ = '.';
    *to++ = '0';
  }
  sink.WrittenTo(to);
}

}  // namespace turbo::pyembed
