"""Sample names, places and texts for rows, in several scripts."""

FIRST_NAMES = (
    "Anna", "Ben", "Chloé", "Dmitri", "Ebru", "Fátima", "George", "Håkon", "Inés", "Jürgen",
    "Kenji", "Łukasz", "Maria", "Noah", "Olivia", "Priya", "Quentin", "Rosa", "Søren", "太郎",
    "Мария", "محمد", "Ελένη", "지우", "שרה", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Andersson", "Brown", "Cohen", "Díaz", "Evans", "Fischer", "García", "Hughes", "Iwasaki",
    "Jones", "Kowalski", "Lee", "Müller", "Nguyễn", "O'Brien", "Petrov", "Quinn", "Rossi", "Smith",
    "Tanaka", "山田", "Иванова", "الأحمد", "Παπαδοπούλου", "김", "Çelik",
)  # fmt: skip
COMPANIES = ("", "", "", "", "Acme Ltd", "Müller & Söhne GmbH", "株式会社サンプル", 'Bob\'s "Best"')
STREETS = ("Main St", "High Street", "Rue de l'Église", "Königsallee", "桜通り", "ул. Ленина")

PLACES: tuple[tuple[str, str, str, str, str], ...] = (
    ("Austin", "Texas", "78759", "United States", "US"),
    ("Portland", "Oregon", "97201", "United States", "US"),
    ("New York", "New York", "10001", "United States", "US"),
    ("Sydney", "New South Wales", "2000", "Australia", "AU"),
    ("London", "", "SW1A 1AA", "United Kingdom", "GB"),
    ("München", "Bayern", "80331", "Germany", "DE"),
    ("東京", "東京都", "100-0001", "Japan", "JP"),
    ("São Paulo", "São Paulo", "01310-100", "Brazil", "BR"),
    ("Montréal", "Quebec", "H2X 1Y4", "Canada", "CA"),
)

ADJECTIVES = (
    "Able", "Blue", "Classic", "Deluxe", "Everyday", "Fine", "Grande", "Heavy", "Café", "Петля",
    "Light", "Mini", "Natural", "Organic", "Pocket", "Rustic", "Smooth", "和風", "Urban", "Ünique",
)  # fmt: skip
NOUNS = (
    "Bottle", "Brush", "Candle", "Chair", "Dress", "Fan", "Glove", "Jar 🫙", "Kettle", "Lamp",
    "Mug ☕", "Notebook", "Planter", "Scarf", "Shelf", "Shoe", "Soap", "Table", "Towel", "Vase",
)  # fmt: skip
SIZES = ("XS", "S", "M", "L", "XL", '10"', "½")

SENTENCES = (
    "Made by hand in a small workshop, from materials that last.",
    "Dishwasher safe; do not microwave.",
    "Für drinnen und draußen geeignet – wetterfest.",
    "<strong>Fits</strong> most 24&quot; frames &amp; shelves.",
    "日常使いに最適な一品です。",
    "Подходит для подарка 🎁.",
    "Measures 25 cm × 10 cm × 4 cm; weighs less than you would think.",
    "A line\nbreak, a tab\tand a \\ backslash were pasted here by someone.",
    "مناسب للاستخدام اليومي.",
    "Our bestseller since 2015, now with a softer edge and a longer warranty.",
)
MESSAGES = ("", "", "", "", "", "Please ring twice 🔔", "Geschenk, bitte ohne Rechnung", "お急ぎで")
SHIPPING_METHODS = ("Flat Rate", "Ship by Weight", "Australia Post (Express)", "Versand: Standard")
PAYMENT_METHODS = ("Credit Card", "Manual", "PayPal", "Bank Deposit", "Cash on Delivery", "")
