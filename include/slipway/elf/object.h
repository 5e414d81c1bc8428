#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/elf/abi.h"

namespace slipway::elf {

/// A version of another library's symbols that an object was linked against.
struct VersionNeed {
  std::string library;  ///< its SONAME
  std::string version;  ///< e.g. GLIBC_2.36
  bool weak = false;    ///< its absence is not an error
};

/// One entry of .note.dlopen, systemd's note about libraries that are loaded at run time: any one of `sonames` will do.
struct DlopenWish {
  std::vector<std::string> sonames;
  std::string feature, description, priority;  ///< priority: "required", "recommended" or "suggested"
};

/// The names in an object's dynamic symbol table that decide whether symbols resolve; each once, byte-sorted.
struct Symbols {
  std::vector<std::string> defined;   ///< for others
  std::vector<std::string> required;  ///< undefined, and not weak
};

/// How many symbol names to read; reading all of a large library takes time.
enum class SymbolNames { imports, all };

/// The facts that an executable or shared object states about itself.
struct Object {
  Abi abi;
  bool fixed = false;       ///< ET_EXEC: not position independent
  bool dynamic = false;     ///< has a dynamic section
  std::string interpreter;  ///< PT_INTERP; empty for libraries and static programs
  std::string soname;
  std::vector<std::string> needed;
  std::string rpath;                ///< DT_RPATH, empty where a RUNPATH overrides it
  std::string runpath;              ///< DT_RUNPATH
  bool no_default_folders = false;  ///< DF_1_NODEFLIB: the loader searches no system folders
  bool executable_stack = false;
  bool relro = false, bind_now = false;  ///< PT_GNU_RELRO, DF_BIND_NOW
  std::vector<VersionNeed> version_needs;
  std::vector<std::string> versions;  ///< defined here, without the file's own name
  std::vector<std::string> imports;   ///< undefined dynamic symbols
  std::optional<Symbols> symbols;     ///< with SymbolNames::all
  std::string build_id;               ///< lower-case hex
  std::string package_note;           ///< the JSON of .note.package
  std::vector<DlopenWish> dlopens;
};

/// Reads the headers, dynamic section, versions, imported symbols and notes of a program or library; nullopt for any
/// other file, also object files and core dumps. Every offset is checked before it is followed, and counts are bounded
/// by the file's size: Errc::malformed, naming `name`, for a damaged file.
Result<std::optional<Object>> read_object(File& file, std::string_view name, SymbolNames which = SymbolNames::imports);
/// The same of bytes in memory.
Result<std::optional<Object>> read_object(std::string_view bytes, std::string_view name,
                                          SymbolNames which = SymbolNames::imports);

}  // namespace slipway::elf
