// Zig's own library: hashes, a hash map, sorting, an allocator, numbers as text.
const std = @import("std");

fn less(_: void, a: u64, b: u64) bool {
    return a < b;
}

pub fn main() !void {
    const allocator = std.heap.wasm_allocator;
    var digest: [32]u8 = undefined;
    std.crypto.hash.sha2.Sha256.hash("abc", &digest, .{});
    std.debug.print("{x}\n", .{digest});
    var long: [64]u8 = undefined;
    const data = try allocator.alloc(u8, 100_000);
    defer allocator.free(data);
    for (data, 0..) |*byte, i| byte.* = @truncate(i *% 7 +% (i >> 8));
    std.crypto.hash.blake2.Blake2b512.hash(data, &long, .{});
    std.debug.print("{x}\n", .{long});
    std.debug.print("{x} {x}\n", .{ std.hash.Crc32.hash(data), std.hash.Wyhash.hash(1, data) });

    var random = std.Random.DefaultPrng.init(42);
    const numbers = try allocator.alloc(u64, 3000);
    defer allocator.free(numbers);
    for (numbers) |*number| number.* = random.random().int(u64);
    std.mem.sort(u64, numbers, {}, less);
    std.debug.print("{d} {d}\n", .{ numbers[0], numbers[2999] });
    var counts = std.AutoHashMap(u64, u32).init(allocator);
    defer counts.deinit();
    for (numbers) |number| {
        const entry = try counts.getOrPutValue(number % 101, 0);
        entry.value_ptr.* += 1;
    }
    std.debug.print("{d} {d}\n", .{ counts.count(), counts.get(7) orelse 0 });
    const wide: u128 = @as(u128, numbers[5]) * numbers[6];
    std.debug.print("{d} {d} {e} {d:.3}\n", .{ wide, wide / 1_000_003, 0.1, 2.0 / 3.0 });
    std.process.exit(7);
}
