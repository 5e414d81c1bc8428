#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/oci/platform.h"

namespace slipway::elf {

/// The machine whose code an ELF file has: objects of different ABIs are never loaded together.
struct Abi {
  unsigned bits = 0;     ///< 32 or 64
  bool little = true;    ///< byte order
  unsigned machine = 0;  ///< e_machine
  unsigned flags = 0;    ///< e_flags
  /// True when the loader of one maps the other: flags count only where they choose between calling conventions.
  bool fits(const Abi& other) const;
  /// linux and this machine; nothing for a machine that no image is made for.
  std::optional<oci::Platform> platform() const;
};

/// A version of another library's symbols that an object was linked against.
struct VersionNeed {
  std::string library;  ///< its SONAME
  std::string version;  ///< e.g. GLIBC_2.36
  bool weak = false;    ///< its absence is not an error
};

/// One entry of .note.dlopen: any of the libraries will do.
struct DlopenWish {
  std::vector<std::string> sonames;
  std::string feature, description, priority;
};

/// The names in an object's dynamic symbol table that decide whether it links; each once, byte-sorted.
struct Symbols {
  std::vector<std::string> defined;   ///< for others
  std::vector<std::string> required;  ///< undefined, and not weak
};

/// The symbols to read: all names of large libraries take time.
enum class SymbolNames { imports, all };

/// The facts that an executable or shared object states about itself.
struct Object {
  Abi abi;
  bool fixed = false;       ///< ET_EXEC: not position independent
  bool dynamic = false;     ///< has a dynamic section
  std::string interpreter;  ///< PT_INTERP; empty for libraries and static programs
  std::string soname;
  std::vector<std::string> needed;
  std::string rpath;    ///< DT_RPATH, empty where a RUNPATH overrides it
  std::string runpath;  ///< DT_RUNPATH
  bool no_default_folders = false;
  bool executable_stack = false;
  bool relro = false, bind_now = false;
  std::vector<VersionNeed> version_needs;
  std::vector<std::string> versions;  ///< defined here, without the file's own name
  std::vector<std::string> imports;   ///< undefined dynamic symbols
  std::optional<Symbols> symbols;     ///< with SymbolNames::all
  std::string build_id;               ///< lower-case hex
  std::string package_note;           ///< the JSON of .note.package
  std::vector<DlopenWish> dlopens;
};

/// Reads a file's headers, dynamic section, versions, imported symbols and notes; nothing for other files
/// (object files and core dumps too). Every offset is checked before it is followed and counts are bounded by
/// the file's size: Errc::malformed naming `name` for anything that does not fit together.
Result<std::optional<Object>> read_object(File& file, std::string_view name, SymbolNames which = SymbolNames::imports);
/// The same of bytes in memory.
Result<std::optional<Object>> read_object(std::string_view bytes, std::string_view name,
                                          SymbolNames which = SymbolNames::imports);

/// The platform that an ELF program or library is for, told from its first bytes; nothing for other files.
std::optional<oci::Platform> elf_platform(std::string_view first_bytes);
/// As above, of a file on disk; nothing for files that cannot be read.
std::optional<oci::Platform> elf_platform(FileSystem& fs, const stdfs::path& file);

}  // namespace slipway::elf
