#pragma once

#include <initializer_list>
#include <string>
#include <type_traits>

#include "slipway/base/result.h"

namespace slipway {

/// A shared library that is loaded when it is first needed, so that other commands start without it. It stays loaded
/// until the process ends. Thread-safe. A room keeps the functions that it uses in a struct of pointers:
///
///     struct Api {
///       double (*cosine)(double) = nullptr;
///     };
///     Result<Api> load_api() {
///       SLIPWAY_ASSIGN(const auto library, SharedLibrary::load("libm.so.6", "libc6"));
///       Api api;
///       SLIPWAY_TRY(library.bind({{"cos", api.cosine}}));
///       return api;
///     }
class SharedLibrary {
 public:
  /// The name of a function and the pointer that receives its address; the pointer outlives bind().
  struct Function {
    template <class Pointer>
    Function(const char* symbol, Pointer& pointer) : name(symbol), slot(&pointer) {
      static_assert(std::is_pointer_v<Pointer> && std::is_function_v<std::remove_pointer_t<Pointer>>);
    }
    const char* name;
    void* slot;
  };

  /// Loads a library by its SONAME. Errc::failed, with the Debian package in the hint, when that is not possible.
  static Result<SharedLibrary> load(const std::string& soname, const std::string& package);

  /// Sets each pointer to the address of its function. Errc::failed, with later pointers unset, when the library lacks
  /// one.
  Status bind(std::initializer_list<Function> functions) const;

 private:
  SharedLibrary(void* handle, std::string soname) : handle_(handle), soname_(std::move(soname)) {}
  void* handle_;
  std::string soname_;
};

/// Calls `load` on first use and returns the same table, or the same error, from then on. `load` must be one function
/// for each type of table. Thread-safe.
template <class Table>
Result<const Table*> loaded_once(Result<Table> (*load)()) {
  static const Result<Table> table = load();
  if (!table) return fail(table.error());
  return &*table;
}

}  // namespace slipway
