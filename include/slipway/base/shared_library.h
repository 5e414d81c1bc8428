#pragma once

#include <initializer_list>
#include <string>
#include <type_traits>

#include "slipway/base/result.h"

namespace slipway {

/// A shared library loaded when first needed, so that commands that do not need it start without it. Stays loaded for
/// the life of the process. Thread-safe. A room keeps the functions that it uses in a struct of pointers:
///
///     struct Api { decltype(&zlibVersion) version = nullptr; };
///     SLIPWAY_ASSIGN(const auto library, SharedLibrary::load("libz.so.1", "zlib1g"));
///     Api api;
///     SLIPWAY_TRY(library.bind({{"zlibVersion", api.version}}));
class SharedLibrary {
 public:
  /// The name of a function and the pointer that shall hold its address.
  struct Function {
    template <class Pointer>
    Function(const char* symbol, Pointer& pointer) : name(symbol), slot(&pointer) {
      static_assert(std::is_pointer_v<Pointer> && std::is_function_v<std::remove_pointer_t<Pointer>>);
    }
    const char* name;
    void* slot;
  };

  /// Errc::failed, naming the Debian package, when it cannot be loaded.
  static Result<SharedLibrary> load(const std::string& soname, const std::string& package);

  /// Sets each pointer to the address of its function; Errc::failed when the library lacks one.
  Status bind(std::initializer_list<Function> functions) const;

 private:
  SharedLibrary(void* handle, std::string soname) : handle_(handle), soname_(std::move(soname)) {}
  void* handle_;
  std::string soname_;
};

/// Loads a table of functions on first use and gives the same answer ever after. `load` must be one function for each
/// type of table. Thread-safe.
template <class Table>
Result<const Table*> loaded_once(Result<Table> (*load)()) {
  static const Result<Table> table = load();
  if (!table) return fail(table.error());
  return &*table;
}

}  // namespace slipway
