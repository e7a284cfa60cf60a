#include "pyembed/json_decoder.h"

#include <yyjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "pyembed/json_encoder.h"

namespace turbo::pyembed {
namespace {

struct FreeDocument {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
};
using Document = std::unique_ptr<yyjson_doc, FreeDocument>;

void Refuse(const char* what, std::size_t position) {
  PyErr_Format(PyExc_ValueError, "Invalid JSON: %s at byte %zu", what, position);
}

/// Makes a str for each object key once: documents repeat their keys, and a str keeps its hash.
class KeyCache {
 public:
  KeyCache() = default;
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;
  ~KeyCache() {
    for (PyObject* key : keys_) Py_XDECREF(key);
  }

  PyRef Get(std::string_view text) {
    if (text.empty() || text.size() > kLongest) return Make(text);
    PyObject*& slot = keys_[SlotOf(text)];
    if (slot != nullptr && Is(slot, text)) return PyRef::Borrow(slot);
    PyRef made = Make(text);
    if (made && PyUnicode_IS_ASCII(made.get())) Py_XSETREF(slot, Py_NewRef(made.get()));
    return made;
  }

 private:
  static constexpr std::size_t kSlots = 64;
  static constexpr std::size_t kLongest = 64;

  static PyRef Make(std::string_view text) {
    return PyRef::Steal(
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict"));
  }

  static std::size_t SlotOf(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = text.size();
    return (size * 31 + byte(0) * 7 + byte(size / 2) * 3 + byte(size - 1)) % kSlots;
  }

  static bool Is(PyObject* ascii, std::string_view text) {
    return static_cast<std::size_t>(PyUnicode_GET_LENGTH(ascii)) == text.size() &&
           std::memcmp(PyUnicode_DATA(ascii), text.data(), text.size()) == 0;
  }

  std::array<PyObject*, kSlots> keys_{};
};

class Builder {
 public:
  /// The object for `value`, `depth` containers deep. Empty with an exception set on failure.
  PyRef Build(yyjson_val* value, int depth) {
    switch (yyjson_get_type(value)) {
      case YYJSON_TYPE_NULL:
        return PyRef::Borrow(Py_None);
      case YYJSON_TYPE_BOOL:
        return PyRef::Borrow(yyjson_get_bool(value) ? Py_True : Py_False);
      case YYJSON_TYPE_NUM:
        return Number(value);
      case YYJSON_TYPE_RAW:
        return BigNumber({yyjson_get_raw(value), yyjson_get_len(value)});
      case YYJSON_TYPE_STR:
        return PyRef::Steal(PyUnicode_DecodeUTF8(
            yyjson_get_str(value), static_cast<Py_ssize_t>(yyjson_get_len(value)), "strict"));
      case YYJSON_TYPE_ARR:
        return MayEnter(depth) ? List(value, depth + 1) : PyRef();
      case YYJSON_TYPE_OBJ:
        return MayEnter(depth) ? Dict(value, depth + 1) : PyRef();
      default:
        PyErr_SetString(PyExc_SystemError, "the JSON parser gave a value of no known type");
        return {};
    }
  }

 private:
  static bool MayEnter(int depth) {
    if (depth < kMaxJsonDepth) return true;
    PyErr_Format(PyExc_ValueError, "Invalid JSON: nested deeper than %d", kMaxJsonDepth);
    return false;
  }

  static PyRef Number(yyjson_val* value) {
    switch (yyjson_get_subtype(value)) {
      case YYJSON_SUBTYPE_UINT:
        return PyRef::Steal(PyLong_FromUnsignedLongLong(yyjson_get_uint(value)));
      case YYJSON_SUBTYPE_SINT:
        return PyRef::Steal(PyLong_FromLongLong(yyjson_get_sint(value)));
      default:
        return PyRef::Steal(PyFloat_FromDouble(yyjson_get_real(value)));
    }
  }

  /// A number that neither 64 bits nor a double hold: an int of any size, or a float that overflows
  /// to infinity as in json.
  static PyRef BigNumber(std::string_view digits) {
    const std::string text(digits);
    if (text.find_first_of(".eE") == std::string::npos) {
      return PyRef::Steal(PyLong_FromString(text.c_str(), nullptr, 10));
    }
    const double number = PyOS_string_to_double(text.c_str(), nullptr, nullptr);
    if (number == -1.0 && PyErr_Occurred() != nullptr) return {};
    return PyRef::Steal(PyFloat_FromDouble(number));
  }

  PyRef List(yyjson_val* array, int depth) {
    PyRef list = PyRef::Steal(PyList_New(static_cast<Py_ssize_t>(yyjson_arr_size(array))));
    if (!list) return {};
    yyjson_arr_iter iterator = yyjson_arr_iter_with(array);
    Py_ssize_t i = 0;
    while (yyjson_val* const value = yyjson_arr_iter_next(&iterator)) {
      PyRef element = Build(value, depth);
      if (!element) return {};
      PyList_SET_ITEM(list.get(), i++, element.Release());
    }
    return list;
  }

  PyRef Dict(yyjson_val* object, int depth) {
    PyRef dict = PyRef::Steal(PyDict_New());
    if (!dict) return {};
    yyjson_obj_iter iterator = yyjson_obj_iter_with(object);
    while (yyjson_val* const name = yyjson_obj_iter_next(&iterator)) {
      const PyRef key = keys_.Get({yyjson_get_str(name), yyjson_get_len(name)});
      if (!key) return {};
      const PyRef value = Build(yyjson_obj_iter_get_val(name), depth);
      if (!value || PyDict_SetItem(dict.get(), key.get(), value.get()) != 0) return {};
    }
    return dict;
  }

  KeyCache keys_;
};

/// Memory for the parser: on the stack for small documents.
class Arena {
 public:
  /// What yyjson is to allocate with for a document of `size` bytes; null for malloc.
  const yyjson_alc* For(std::size_t size, yyjson_read_flag flags) {
    if (size > kBytes || yyjson_read_max_memory_usage(size, flags) > kBytes) return nullptr;
    return yyjson_alc_pool_init(&allocator_, bytes_, kBytes) ? &allocator_ : nullptr;
  }

 private:
  static constexpr std::size_t kBytes = 16 * 1024;
  yyjson_alc allocator_;
  alignas(std::max_align_t) std::byte bytes_[kBytes];
};

}  // namespace

PyRef DecodeJson(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    Refuse("byte order mark (UTF-8 is sent without one)", 0);
    return {};
  }
  if (text.empty()) {
    Refuse("no value, the text is empty", 0);
    return {};
  }
  constexpr yyjson_read_flag kFlags = YYJSON_READ_BIGNUM_AS_RAW;
  Arena arena;
  yyjson_read_err error{};
  // Without YYJSON_READ_INSITU the text is copied, and so not changed whatever the parameter's type
  // says.
  const Document document(yyjson_read_opts(const_cast<char*>(text.data()), text.size(), kFlags,
                                           arena.For(text.size(), kFlags), &error));
  if (!document) {
    if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
      PyErr_NoMemory();
    } else {
      Refuse(error.msg, error.pos);
    }
    return {};
  }
  try {
    return Builder().Build(yyjson_doc_get_root(document.get()), 0);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return {};
  }
}

}  // namespace turbo::pyembed
