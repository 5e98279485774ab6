"""pin-derive: a network of relations, solved by a core in Rust."""

from pin_derive import Network, by, count, permits, point, product, quantize, ranges, sum_over

CATALOG = {"potion": 4, "gem": 9, "rope": 2, "torch": 1}

with Network() as net:
    price, margin, profit = (net.cell(name, {"lo": 0}) for name in ("price", "margin", "profit"))
    model = net.finite("model", ["krea2", "flux"])
    sampler = net.finite("sampler", ["euler", "dpmpp_2m", "res_multistep"])
    steps = net.cell("steps", {"lo": 1, "hi": 100})
    raw, width = net.cell("raw", {"lo": 0}), net.cell("width", {"lo": 0})
    loot_count, spend = net.cell("lootCount", {"lo": 0}), net.cell("spend", {"lo": 0})
    loot = net.set("loot", list(CATALOG))
    net.relate(product(profit, price, margin))
    net.relate(
        permits(
            model, sampler, {"krea2": ["euler", "res_multistep"], "flux": ["euler", "dpmpp_2m"]}
        )
    )
    net.relate(ranges(model, {"krea2": {"steps": [4, 12]}, "flux": {"steps": [20, 30]}}))
    net.relate(quantize(width, raw, by(model, {"krea2": 16, "flux": 64})))
    net.relate(count(loot_count, loot))
    net.relate(sum_over(spend, loot, CATALOG))
    net.pin(price, point(50)).pin(margin, point(0.2)).pin(steps, {"lo": 20, "hi": 30})
    net.pin(loot_count, {"lo": 3, "hi": 5}).pin(spend, {"lo": 0, "hi": 8})
    print(net.solve())
    for cell in (price, profit, steps, width, loot_count, spend):
        print(cell.id, net.value(cell))
    for cell in (model, sampler):
        print(cell.id, net.possible(cell))
    print(net.must(loot), net.may(loot))
    print(net.export())
