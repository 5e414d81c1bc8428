#include "slipway/elf/debug.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/elf_bytes.h"

namespace slipway::elf {
namespace {

using test::ElfBytes;

std::string little(std::uint64_t value, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i)
    out += static_cast<char>(value >> (8 * i));
  return out;
}

struct Mapped {
  std::uint64_t address;
  std::string bytes;
  std::string path;
};

/// A core dump as Linux writes them: one note segment with the list of mapped files, then memory.
std::string core_of(const std::vector<Mapped>& mapped) {
  std::string table = little(mapped.size(), 8) + little(4096, 8), names;
  for (const Mapped& m : mapped) {
    table += little(m.address, 8) + little(m.address + m.bytes.size(), 8) + little(0, 8);
    names += m.path + '\0';
  }
  const std::string notes = test::elf_note("CORE", 0x46494c45, table + names);
  const std::size_t count = mapped.size() + 1;
  std::string header("\177ELF\2\1\1", 7);
  header.resize(16);
  header += little(4, 2) + little(62, 2) + little(1, 4) + little(0, 8) + little(64, 8) + little(0, 8) + little(0, 4);
  header += little(64, 2) + little(56, 2) + little(count, 2) + little(0, 6);
  std::string segments, content;
  const auto add = [&](std::uint64_t type, std::uint64_t address, const std::string& bytes) {
    const std::uint64_t offset = 64 + 56 * count + content.size();
    segments += little(type, 4) + little(4, 4) + little(offset, 8) + little(address, 8) + little(0, 8) +
                little(bytes.size(), 8) + little(bytes.size(), 8) + little(4, 8);
    content += bytes;
  };
  add(4, 0, notes);
  for (const Mapped& m : mapped)
    add(1, m.address, m.bytes);
  return header + segments + content;
}

std::string module_with(const std::string& build_id) {
  ElfBytes elf{.soname = "libx.so.1"};
  elf.notes = test::elf_note("GNU", 3, build_id);
  return elf.str();
}

TEST(ReadCore, ModulesByTheirBuildIds) {
  const std::string core = core_of({{0x7f0000000000, module_with("\xab\xcd\xef\x01"), "/usr/bin/hello"},
                                    {0x7f1100000000, std::string(500, 'x'), "/usr/share/data"},
                                    {0x7f2200000000, module_with("\x12\x34\x56"), "/usr/lib/libx.so.1"}});
  const auto modules = read_core(core, "core");
  ASSERT_TRUE(modules) << modules.error().describe();
  ASSERT_EQ(modules->size(), 2u);
  EXPECT_EQ((*modules)[0].build_id + " " + (*modules)[0].path, "abcdef01 /usr/bin/hello");
  EXPECT_EQ((*modules)[1].build_id + " " + (*modules)[1].path, "123456 /usr/lib/libx.so.1");
}

TEST(ReadCore, WhatIsNoCoreIsRefusedAndWhatIsCutIsDamaged) {
  EXPECT_EQ(read_core("no core", "x").error().code, Errc::invalid_argument);
  EXPECT_EQ(read_core(module_with("\x01\x02\x03"), "x").error().code, Errc::invalid_argument);
  const std::string core = core_of({{0x10000, module_with("\xab\xcd\xef\x01"), "/usr/bin/hello"}});
  std::size_t damaged = 0;
  for (std::size_t size = 20; size < core.size(); size += 7) {
    const auto modules = read_core(core.substr(0, size), "x");
    if (modules) continue;
    EXPECT_EQ(modules.error().code, Errc::malformed);
    ++damaged;
  }
  EXPECT_GT(damaged, 10u);
}

TEST(HasDebugInfo, OnlyWhereASectionIsCalledSo) {
  EXPECT_FALSE(*has_debug_info("#!/bin/sh", "x"));
  EXPECT_FALSE(*has_debug_info(module_with("\x01\x02\x03"), "x"));
  // A section table at the end: the empty one, the names, and one of that name.
  std::string elf = module_with("\x01\x02\x03");
  const std::string names("\0.debug_info\0.shstrtab\0", 23);
  const std::size_t at = elf.size();
  elf += names;
  const std::size_t table = elf.size();
  elf += std::string(64, '\0');
  elf += little(13, 4) + little(3, 4) + std::string(16, '\0') + little(at, 8) + little(names.size(), 8);
  elf.resize(table + 128);
  elf += little(1, 4);
  elf.resize(table + 192);
  elf.replace(40, 8, little(table, 8));
  elf.replace(58, 6, little(64, 2) + little(3, 2) + little(1, 2));
  EXPECT_TRUE(*has_debug_info(elf, "x"));
  elf.replace(60, 2, little(500, 2));
  EXPECT_EQ(has_debug_info(elf, "x").error().code, Errc::malformed);
}

}  // namespace
}  // namespace slipway::elf
