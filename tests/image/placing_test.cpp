#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/layered_image.h"
#include "slipway/image/file_list.h"

// The places in which entries of layers land: what containerd's unpacker leads back into the root is led there, what it
// refuses is refused. Its published tests have these facts; the table is our own.

namespace slipway::image {
namespace {

using layer::EntryType;
using Layers = std::vector<LayerEntries>;

struct Placing {
  const char* what;
  Layers layers;
  std::vector<std::string> expected;  ///< "d/", "l -> target", "f = the tar entry with its bytes"; none: refused
};

std::vector<std::string> placed(const Layers& layers) {
  LayeredImages images;
  const auto list = merge_files(images.store, images.make(layers));
  std::vector<std::string> lines;
  if (!list) return {list.error().code == Errc::malformed ? "(refused)" : list.error().describe()};
  for (std::size_t i = 0; i < list->size(); ++i) {
    const ImageFile found = list->at(i);
    const std::string& path = found.entry.path;
    if (found.entry.type == EntryType::directory) {
      lines.push_back(path + "/");
    } else if (found.entry.type == EntryType::symlink) {
      lines.push_back(path + " -> " + found.entry.link);
    } else {
      lines.push_back(path + " = " + found.member);
    }
  }
  return lines;
}

const LayerEntries kEtc{folder("etc"), file("etc/passwd", "all users")};
LayerEntries with_etc(LayerEntries more) {
  LayerEntries all = kEtc;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
layer::FileEntry marker(const std::string& name) { return file(name, ""); }

const std::vector<std::string> kAsItWas{"etc/", "etc/passwd = etc/passwd"};

const std::vector<Placing> kPlacings{
    {"an absolute symlink", {{symlink("l", "/etc"), file("l/x", "")}}, {"etc/", "etc/x = l/x", "l -> /etc"}},
    {"a symlink up and out", {{symlink("l", "../etc"), file("l/x", "")}}, {"etc/", "etc/x = l/x", "l -> ../etc"}},
    {"a symlink far up",
     {{symlink("l", "../../../../../etc"), file("l/x", "")}},
     {"etc/", "etc/x = l/x", "l -> ../../../../../etc"}},
    {"symlinks to symlinks",
     {{symlink("a", "/b"), symlink("b", "/etc"), file("a/x", "")}},
     {"a -> /b", "b -> /etc", "etc/", "etc/x = a/x"}},
    {"relative ones",
     {{folder("d"), symlink("d/a", "../b"), symlink("b", "etc"), file("d/a/x", "")}},
     {"b -> etc", "d/", "d/a -> ../b", "etc/", "etc/x = d/a/x"}},
    {"an absolute symlink that is not in the root",
     {{symlink("var/l", "/etc"), file("var/l/x", "")}},
     {"etc/", "etc/x = var/l/x", "var/", "var/l -> /etc"}},
    {"a symlink of a lower layer", {{symlink("l", "/etc")}, {file("l/x", "")}}, {"etc/", "etc/x = l/x", "l -> /etc"}},
    {"a symlink to nowhere", {{symlink("l", "/dne"), file("l/x", "")}}, {"dne/", "dne/x = l/x", "l -> /dne"}},
    {"a loop of symlinks", {{symlink("a", "b"), symlink("b", "a"), file("a/x", "")}}, {}},
    {"a symlink to itself", {{symlink("a", "a"), file("a/x", "")}}, {}},
    {"names that climb", {{file("../x", ""), file("a/../../y", "")}}, {"x = x", "y = y"}},
    {"names with dots inside", {{folder("d"), file("d/./e/../x", "")}}, {"d/", "d/x = d/x"}},
    {"the root as a symlink", {{symlink("/", "/etc"), file("x", "")}}, {"x = x"}},
    {"the root as a file", {{file("..", "x"), file("x", "")}}, {"x = x"}},
    {"a hard link", {with_etc({hardlink("l", "etc/passwd")})}, {"etc/", "etc/passwd = etc/passwd", "l = etc/passwd"}},
    {"an absolute hard link",
     {with_etc({hardlink("l", "/etc/passwd")})},
     {"etc/", "etc/passwd = etc/passwd", "l = etc/passwd"}},
    {"a hard link up and out",
     {with_etc({hardlink("l", "../etc/passwd")})},
     {"etc/", "etc/passwd = etc/passwd", "l = etc/passwd"}},
    {"a hard link down, up and out",
     {with_etc({hardlink("l", "down/../../../etc/passwd")})},
     {"etc/", "etc/passwd = etc/passwd", "l = etc/passwd"}},
    {"a hard link through a symlink",
     {with_etc({symlink("s", "../../etc"), hardlink("l", "s/passwd")})},
     {"etc/", "etc/passwd = etc/passwd", "l = etc/passwd", "s -> ../../etc"}},
    {"a hard link to a lower layer",
     {kEtc, {hardlink("l", "etc/passwd")}},
     {"etc/", "etc/passwd = etc/passwd", "l = etc/passwd"}},
    {"a hard link to a symlink",
     {with_etc({symlink("s", "/etc/passwd"), hardlink("l", "s")})},
     {"etc/", "etc/passwd = etc/passwd", "l -> /etc/passwd", "s -> /etc/passwd"}},
    {"a hard link to a symlink before its target",
     {{symlink("s", "etc/passwd"), hardlink("l", "s"), file("etc/passwd", "")}},
     {"etc/", "etc/passwd = etc/passwd", "l -> etc/passwd", "s -> etc/passwd"}},
    {"a file over a hard link to a symlink",
     {with_etc({symlink("s", "/etc/passwd"), hardlink("l", "s"), file("l", "users")})},
     {"etc/", "etc/passwd = etc/passwd", "l = l", "s -> /etc/passwd"}},
    {"a hard link to nothing", {{hardlink("l", "dne")}}, {}},
    {"a hard link to a later file", {{hardlink("l", "x"), file("x", "")}}, {}},
    {"a hard link to a folder", {with_etc({hardlink("l", "etc")})}, {}},
    {"a hard link to itself", {{file("l", ""), hardlink("l", "l")}}, {}},
    {"a symlink over a folder", {kEtc, {symlink("etc", "/other")}}, {"etc -> /other"}},
    {"a symlink over a folder of its layer", {with_etc({symlink("etc", "/other")})}, {"etc -> /other"}},
    {"a folder over a symlink", {{symlink("l", "/etc"), folder("l"), file("l/x", "")}}, {"l/", "l/x = l/x"}},
    {"a folder over a symlink of a lower layer",
     {{symlink("l", "/etc")}, {folder("l"), file("l/x", "")}},
     {"l/", "l/x = l/x"}},
    {"a folder over a symlink with a hard link",
     {{symlink("a", "/etc"), hardlink("b", "a"), folder("a"), file("a/x", ""), file("b/y", "")}},
     {"a/", "a/x = a/x", "b -> /etc", "etc/", "etc/y = b/y"}},
    {"a file over a folder", {kEtc, {file("etc", "")}}, {"etc = etc"}},
    {"a folder over a folder", {kEtc, {folder("etc")}}, kAsItWas},
    {"a folder over a file", {{file("a", "")}, {folder("a"), file("a/x", "")}}, {"a/", "a/x = a/x"}},
    {"below a file", {{file("a", ""), file("a/x", "")}}, {}},
    {"below a file through a symlink", {{file("a", ""), symlink("l", "a"), file("l/x", "")}}, {}},
    {"below a file of a lower layer", {{file("a", "")}, {file("a/x", "")}}, {"a/", "a/x = a/x"}},
    {"equal paths", {{file("a", "1"), symlink("a", "b"), file("a", "3")}}, {"a = a"}},
    {"a whiteout of the root", {kEtc, {marker(".wh.")}}, {}},
    {"a whiteout of the root's parent", {kEtc, {marker(".wh...")}}, {}},
    {"a whiteout of its own folder", {kEtc, {marker("etc/.wh..")}}, {}},
    {"a whiteout of its parent", {kEtc, {marker("etc/.wh...")}}, {}},
    {"a whiteout of a folder", {kEtc, {marker(".wh.etc")}}, {"(empty)"}},
    {"a whiteout of a symlink", {with_etc({symlink("l", "/etc")}), {marker(".wh.l")}}, kAsItWas},
    {"a whiteout through a symlink",
     {with_etc({symlink("l", "/etc")}), {marker("l/.wh.passwd")}},
     {"etc/", "l -> /etc"}},
    {"a whiteout through a dead symlink",
     {with_etc({symlink("l", "/dne")}), {marker("l/.wh.etc")}},
     {"etc/", "etc/passwd = etc/passwd", "l -> /dne"}},
    {"a whiteout with dots", {kEtc, {marker("dne/../.wh.etc")}}, {"(empty)"}},
    {"a whiteout that climbs", {kEtc, {marker("../../.wh.etc")}}, {"(empty)"}},
    {"a whiteout of nothing that is there", {kEtc, {marker(".wh.dne")}}, kAsItWas},
    {"a whiteout below a file", {{file("a", "")}, {marker("a/.wh.x")}}, {"a = a"}},
    {"a marker that is a folder", {kEtc, {folder(".wh.etc")}}, {"(empty)"}},
    {"a marker that is a symlink", {kEtc, {symlink("etc/.wh.passwd", "x")}}, {"etc/"}},
    {"an opaque folder",
     {kEtc, {folder("etc"), marker("etc/.wh..wh..opq"), file("etc/x", "")}},
     {"etc/", "etc/x = etc/x"}},
    {"an opaque folder that comes last",
     {kEtc, {file("etc/x", ""), marker("etc/.wh..wh..opq")}},
     {"etc/", "etc/x = etc/x"}},
    {"aufs's bookkeeping", {kEtc, {folder(".wh..wh.plnk"), marker(".wh..wh.aufs")}}, kAsItWas},
};

TEST(Placing, IsContainerds) {
  for (const Placing& one : kPlacings) {
    std::vector<std::string> expected = one.expected;
    if (expected.empty()) expected = {"(refused)"};
    if (expected == std::vector<std::string>{"(empty)"}) expected.clear();
    EXPECT_EQ(placed(one.layers), expected) << one.what;
  }
}

TEST(Placing, WhatIsRefusedSaysWhy) {
  for (const Placing& one : kPlacings) {
    if (!one.expected.empty()) continue;
    LayeredImages images;
    const auto list = merge_files(images.store, images.make(one.layers));
    ASSERT_FALSE(list) << one.what;
    EXPECT_THAT(list.error().message, ::testing::AnyOf(::testing::HasSubstr("/"), ::testing::HasSubstr("\".wh.")))
        << one.what << ": names the entry";
  }
}

}  // namespace
}  // namespace slipway::image
