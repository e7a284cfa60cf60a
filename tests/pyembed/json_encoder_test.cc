// EncodeJson beside json.dumps, whose text it must equal.
#include <Python.h>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/http/output_buffer.h"
#include "pyembed/json_encoder.h"
#include "pyembed/py_ref.h"
#include "tests/pyembed/json_test_util.h"

namespace turbo::pyembed {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using testing::Encode;
using testing::Evaluate;

/// Encodes what `expression` gives and holds it against json.dumps, errors' types included.
void CheckAsJson(const std::string& expression, const std::string& setup = "") {
  INFO(expression);
  const PyRef both = Evaluate("both(" + expression + ")", setup + R"(
import json
def both(value):
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return value, text
    except Exception as error:
        return value, type(error).__name__ + ": "
)");
  const std::string expected = PyUnicode_AsUTF8(PyTuple_GET_ITEM(both.get(), 1));
  const std::string encoded = Encode(PyTuple_GET_ITEM(both.get(), 0));
  if (expected.ends_with("Error: ")) {
    CHECK_THAT(encoded, StartsWith(expected));
  } else {
    CHECK(encoded == expected);
  }
}

TEST_CASE("EncodeJson writes scalars as json.dumps does", "[json]") {
  for (const char* expression :
       {"None",  "True",     "False",       "0",         "-1",       "123",      "2**30 - 1",
        "2**30", "-(2**30)", "2**62",       "2**63 - 1", "2**63",    "-(2**63)", "-(2**63) - 1",
        "2**64", "10**100",  "-(10**1000)", "10**4299",  "10**4300", "''",       "'plain'",
        "1.0",   "9.99",     "-0.0",        "0.1"}) {
    CheckAsJson(expression);
  }
}

TEST_CASE("EncodeJson writes floats as repr does", "[json]") {
  for (const char* expression : {"0.0",
                                 "1.5",
                                 "100.0",
                                 "1e15",
                                 "1e16",
                                 "1e17",
                                 "123456789012345680.0",
                                 "9999999999999998.0",
                                 "1e22",
                                 "1e100",
                                 "1.5e300",
                                 "1e-3",
                                 "1e-4",
                                 "1e-5",
                                 "0.0001234",
                                 "0.00001234",
                                 "5e-324",
                                 "2.2250738585072014e-308",
                                 "1.7976931348623157e308",
                                 "-1e-7",
                                 "2.0**-44",
                                 "1/3",
                                 "2.0**53",
                                 "2.0**70",
                                 "float('nan')",
                                 "float('inf')",
                                 "-float('inf')",
                                 "[float('nan')]",
                                 "{'a': float('inf')}"}) {
    CheckAsJson(expression);
  }
  CheckAsJson("[2.0**n for n in range(-1074, 1024)]");
  CheckAsJson("[10.0**n for n in range(-323, 309)]");
  CheckAsJson("values",
              "import random, struct, math\n"
              "r = random.Random(7)\n"
              "values = [struct.unpack('d', r.randbytes(8))[0] for _ in range(20000)]\n"
              "values = [v for v in values if math.isfinite(v)]\n"
              "values += [r.randint(-10**9, 10**9) / 10**r.randint(0, 9) for _ in range(20000)]\n");
}

TEST_CASE("EncodeJson escapes each character as json.dumps does", "[json]") {
  CheckAsJson("[chr(c) for c in range(0x300)]");
  CheckAsJson("''.join(chr(c) for c in range(0xd800))");
  CheckAsJson("''.join(chr(c) for c in range(0xe000, 0x110000, 17))");
  CheckAsJson("'\\x7f/\\u2028\\u2029\\U0001F600'");
  CheckAsJson("'é' * 1000 + '\"' * 1000");
  CheckAsJson("'€' * 1000 + '\\n' * 1000");
  CheckAsJson("'😀' * 1000 + '\\\\' * 1000");
}

TEST_CASE("EncodeJson finds what wants an escape at every place", "[json]") {
  CheckAsJson(
      "[('a' * n)[:i] + c + ('a' * n)[i:] for n in range(35) for i in range(n + 1) for c in "
      "'\"\\\\\\n\\x1f\\x00 !#[]\\x7f']");
  CheckAsJson("[c * n for n in range(40) for c in '\"\\x01']");
  CheckAsJson("'a' * 100000 + '\"' + 'b' * 100000");
}

TEST_CASE("EncodeJson writes lone surrogates as escapes", "[json]") {
  CHECK(Encode(Evaluate("'a\\ud800b\\udfff'").get()) == R"("a\ud800b\udfff")");
  CHECK(Encode(Evaluate("'\\ud83d\\ude00'").get()) == R"("\ud83d\ude00")");
  CHECK(Encode(Evaluate("'\\U0001F600\\udc00'").get()) == "\"\U0001F600\\udc00\"");
  CHECK(Encode(Evaluate("{'\\ud800': 1}").get()) == R"({"\ud800":1})");
}

TEST_CASE("EncodeJson writes containers as json.dumps does", "[json]") {
  for (const char* expression :
       {"[]", "()", "{}", "[[]]", "[1]", "[1, 2.5, 'x', None, True, False]", "(1, (2, (3,)))",
        "{'a': 1}", "{'a': {'b': [{}, []]}, 'c': ()}", "{'user_id': 123, 'name': 'User 123'}",
        "{'': ''}", "{'ключ': 'значение', 'é': '€'}", "list(range(10000))",
        "{str(n): n for n in range(10000)}", "[[[[1], 2], 3], 4]"}) {
    CheckAsJson(expression);
  }
}

TEST_CASE("EncodeJson turns keys into strings as json.dumps does", "[json]") {
  for (const char* expression :
       {"{1: 1, -5: 2, 10**30: 3}", "{True: 1, False: 2, None: 3}", "{1.5: 1, 1e16: 2, -0.0: 3}",
        "{float('nan'): 1}", "{float('inf'): 1}", "{1: 'a', '1': 'b'}", "{(1, 2): 3}", "{b'a': 1}",
        "{object(): 1}", "{frozenset(): 1}", "{'a\"\\n': 1}", "{10**5000: 1}"}) {
    CheckAsJson(expression);
  }
}

TEST_CASE("EncodeJson writes subclasses as json.dumps does", "[json]") {
  const std::string setup = R"(
import collections, enum, typing
class Int(int):
    def __repr__(self): return 'no'
    __str__ = __repr__
class Str(str):
    def __str__(self): return 'no'
class Float(float):
    def __repr__(self): return 'no'
class List(list): pass
class OddList(list):
    def __iter__(self): return iter('abc')
class OddTuple(tuple):
    def __iter__(self): return iter((1, 2))
class Dict(dict): pass
class OddDict(dict):
    def items(self): return [('odd', 1)]
class BadDict(dict):
    def items(self): return [1]
class RaisingList(list):
    def __iter__(self): raise OSError('no')
class Color(enum.IntEnum):
    RED = 3
class Flag(enum.IntFlag):
    A = 1
    B = 2
class Name(enum.StrEnum):
    ADA = 'ada "l"'
class Plain(enum.Enum):
    A = 1
Point = collections.namedtuple('Point', 'x y')
class Typed(typing.TypedDict):
    a: int
)";
  for (const char* expression : {"[Int(5), Int(10**30)]",
                                 "Str('text')",
                                 "Float(1.5)",
                                 "Float('nan')",
                                 "List([1, 2])",
                                 "List()",
                                 "OddList([1])",
                                 "OddList()",
                                 "OddTuple((5,))",
                                 "Dict(a=1)",
                                 "OddDict(a=1)",
                                 "OddDict()",
                                 "BadDict(a=1)",
                                 "RaisingList([1])",
                                 "[Color.RED]",
                                 "Flag.A | Flag.B",
                                 "Name.ADA",
                                 "{Name.ADA: Color.RED, Color.RED: Name.ADA}",
                                 "{Int(1): 1, Float(2.5): 2, Str('s'): 3}",
                                 "Plain.A",
                                 "{Plain.A: 1}",
                                 "Point(1, [2])",
                                 "collections.OrderedDict(b=1, a=2)",
                                 "collections.defaultdict(int, a=1)",
                                 "collections.Counter('aab')",
                                 "Typed(a=1)",
                                 "collections.deque()",
                                 "collections.UserDict()"}) {
    CheckAsJson(expression, setup);
  }
}

TEST_CASE("EncodeJson writes dataclasses as objects of their fields", "[json]") {
  const std::string setup = R"(
from dataclasses import dataclass, field, InitVar
from typing import ClassVar
@dataclass
class Inner:
    x: int
    y: list = field(default_factory=list)
@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    inner: Inner
    kind: ClassVar[int] = 7
    secret: InitVar[int] = 0
    others: tuple[Inner, ...] = ()
@dataclass
class Derived(Inner):
    z: float = 0.5
@dataclass
class Empty: pass
@dataclass
class Text(str):
    a: int = 0
class Plain(Inner): pass
@dataclass
class Odd:
    größe: int = 1
@dataclass
class Missing:
    a: int
missing = Missing(1)
del missing.a
)";
  const auto encode = [&](const char* expression) {
    return Encode(Evaluate(expression, setup).get());
  };
  CHECK(encode("Outer('é', Inner(1), others=(Inner(2, [3]),))") ==
        R"({"name":"é","inner":{"x":1,"y":[]},"others":[{"x":2,"y":[3]}]})");
  CHECK(encode("[Derived(1), Inner(2)]") == R"([{"x":1,"y":[],"z":0.5},{"x":2,"y":[]}])");
  CHECK(encode("Empty()") == "{}");
  CHECK(encode("Plain(1)") == R"({"x":1,"y":[]})");
  CHECK(encode("Odd()") == R"({"größe":1})");
  CHECK_THAT(encode("Inner"),
             StartsWith("TypeError: Object of type type is not JSON serializable"));
  CHECK_THAT(encode("Inner(1, [object()])"), StartsWith("TypeError: "));
  CHECK_THAT(encode("missing"), StartsWith("AttributeError: "));
}

TEST_CASE("EncodeJson names the type that it cannot write", "[json]") {
  const std::string setup = "import datetime, decimal, uuid";
  const auto encode = [&](const char* expression) {
    return Encode(Evaluate(expression, setup).get());
  };
  CHECK_THAT(
      encode("{'a': [decimal.Decimal(1)]}"),
      StartsWith("TypeError: Object of type Decimal is not JSON serializable; make it a str"));
  CHECK_THAT(encode("datetime.datetime(2024, 1, 1)"), ContainsSubstring("type datetime "));
  CHECK_THAT(encode("uuid.UUID(int=1)"), ContainsSubstring("type UUID "));
  CHECK_THAT(encode("b'x'"), ContainsSubstring("type bytes "));
  CHECK_THAT(encode("{1, 2}"), ContainsSubstring("type set "));
  CHECK_THAT(encode("1j"), ContainsSubstring("type complex "));
  CHECK_THAT(encode("{(1,): 1}"),
             ContainsSubstring("keys must be str, int, float, bool or None, not tuple"));
}

TEST_CASE("EncodeJson bounds nesting and finds circles", "[json]") {
  const auto nested = [](const char* start, const char* wrap, int levels) {
    return Encode(Evaluate("value", "value = " + std::string(start) + "\nfor _ in range(" +
                                        std::to_string(levels) + "):\n    value = " + wrap)
                      .get());
  };
  CHECK(nested("1", "[value]", kMaxJsonDepth) ==
        std::string(kMaxJsonDepth, '[') + "1" + std::string(kMaxJsonDepth, ']'));
  for (const char* wrap : {"[value]", "(value,)", "{'a': value}"}) {
    INFO(wrap);
    CHECK_THAT(nested("1", wrap, kMaxJsonDepth + 1),
               StartsWith("ValueError: Objects nested deeper than 256"));
    CHECK_THAT(nested("1", wrap, 100000), StartsWith("ValueError: "));
  }
  const auto circular = [](const char* setup) { return Encode(Evaluate("value", setup).get()); };
  CHECK(circular("value = []\nvalue.append(value)") == "ValueError: Circular reference detected");
  CHECK(circular("value = {}\nvalue['a'] = [1, (value,)]") ==
        "ValueError: Circular reference detected");
  CHECK(circular("value = {}\nvalue['a'] = value\nvalue['b'] = value") ==
        "ValueError: Circular reference detected");
  CHECK(circular("from dataclasses import dataclass\n@dataclass\nclass A:\n    a: object = "
                 "None\nvalue = A()\nvalue.a = {'x': value}") ==
        "ValueError: Circular reference detected");
  CHECK(circular("inner = [1]\nvalue = [inner] * 50") == Encode(Evaluate("[[1]] * 50").get()));
}

TEST_CASE("EncodeJson survives code that changes what it writes", "[json]") {
  const std::string setup = R"(
from dataclasses import dataclass
class Clearing(list):
    def __iter__(self):
        target.clear()
        return iter((1, 2))
class Growing(list):
    def __iter__(self):
        target['key%d' % len(target)] = self
        return iter(())
def holding(kind):
    global target
    target = kind
    return target
)";
  CHECK(Encode(Evaluate("holding([1, Clearing(), 2, 'text'])", setup).get()) == "[1,[1,2]]");
  CHECK(Encode(Evaluate("holding({'a': 1, 'b': Clearing(), 'c': 2})", setup).get()) ==
        "RuntimeError: dictionary changed size during iteration");
  CHECK(Encode(Evaluate("holding({'a': Growing()})", setup).get()) ==
        "RuntimeError: dictionary changed size during iteration");
}

TEST_CASE("EncodeJson appends to what the buffer holds", "[json]") {
  engine::OutputBuffer out;
  out.Append("head:");
  const PyRef value = Evaluate("[{'a': 'b' * 3000}, 5]");
  REQUIRE(EncodeJson(value.get(), out));
  CHECK(out.view() == "head:[{\"a\":\"" + std::string(3000, 'b') + "\"},5]");
  REQUIRE(EncodeJson(Py_None, out));
  CHECK(out.view().ends_with(",5]null"));
}

TEST_CASE("EncodeJson writes what other threads change without harm", "[json]") {
  const PyRef shared = Evaluate("[{}, []]");
  const PyRef change = Evaluate("change", R"(
def change(shared):
    for n in range(3000):
        shared[0]['k%d' % (n % 50)] = [n, {'n': n}]
        shared[1].append(str(n))
        if n % 7 == 0:
            shared[0].clear()
            shared[1].clear()
)");
  std::vector<std::thread> threads;
  std::vector<int> failures(2, 0);
  PyThreadState* const main_thread = PyEval_SaveThread();
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      const PyGILState_STATE state = PyGILState_Ensure();
      const PyRef done = PyRef::Steal(PyObject_CallOneArg(change.get(), shared.get()));
      if (!done) failures[i] = 1;
      PyErr_Clear();
      PyGILState_Release(state);
    });
    threads.emplace_back([&, i] {
      const PyGILState_STATE state = PyGILState_Ensure();
      engine::OutputBuffer out;
      for (int n = 0; n < 2000; ++n) {
        out.Clear();
        if (!EncodeJson(shared.get(), out)) {
          // The one thing that may be noticed.
          if (PyErr_ExceptionMatches(PyExc_RuntimeError) == 0) failures[i] = 1;
          PyErr_Clear();
        } else if (!out.view().starts_with("[{") || !out.view().ends_with("]]")) {
          failures[i] = 1;
        }
      }
      PyGILState_Release(state);
    });
  }
  for (std::thread& thread : threads) thread.join();
  PyEval_RestoreThread(main_thread);
  CHECK(failures == std::vector<int>(2, 0));
}

TEST_CASE("EncodeJson costs", "[json][!benchmark]") {
  engine::OutputBuffer out(1 << 20);
  const auto measure = [&](const std::string& name, const std::string& expression,
                           const std::string& setup = "") {
    const PyRef value = Evaluate(expression, setup);
    BENCHMARK(std::string(name)) {
      out.Clear();
      return EncodeJson(value.get(), out);
    };
  };
  measure("user", "{'user_id': 123, 'name': 'User 123'}");
  measure(
      "ten users",
      "[{'user_id': n, 'name': f'User {n}', 'score': n / 7, 'active': True} for n in range(10)]");
  measure("1 KiB of ASCII", "'x' * 1024");
  measure("1 KiB of Cyrillic", "'ж' * 512");
  measure("a float", "0.1");
  measure(
      "a dataclass", "U(123, 'User 123')",
      "from dataclasses import dataclass\n@dataclass\nclass U:\n    user_id: int\n    name: str\n");
}

}  // namespace
}  // namespace turbo::pyembed
