"""The posts and agencies whose messages are known: their stations, names, short forms and years.

A post a line: its station as it stands in ids, the code of its country in TAGS (``--`` for none), the names that pages
print as origin, short forms and customary garbles that were seen in place of it (with ``?`` those that also mean
something else), the station that the post has later or under which it is the same post, and its years as this service
of messages knows them, where they are known.

Sources: the ids and origins printed on 10,461 pages of three public mirrors of the cables (stations with their origin
names); the station list and the spellings met in references that the authors of `cablemap` published in 2011-2015;
public lists of the posts of the Department of State, past and present, for the others and for years; the codes of
countries are those of its TAGS (Foreign Affairs Handbook, 5 FAH-3). A post that is missing is no mistake of a message.

Tested by ``tests/properties/test_readings.py``.
"""

from typing import Final

POSTS: Final = """
ABIDJAN | IV | Embassy Abidjan
ABUDHABI | AE | Embassy Abu Dhabi
ABUJA | NI | Embassy Abuja | AUBJA
ACCRA | GH | Embassy Accra
ADANA | TU | Consulate Adana
ADDISABABA | ET | Embassy Addis Ababa | ADDIS
ADEN | YM | Embassy Aden
AFRICOM | -- | Africa Command | HQUSAFRICOM
AITTAIPEI | TW | American Institute Taiwan, Taipei | AIT AITTPE
ALEPPO | SY | Consulate Aleppo
ALEXANDRIA | EG | Consulate Alexandria
ALGIERS | AG | Embassy Algiers
ALMATY | KZ | US Office Almaty | ALMATYUSO
AMMAN | JO | Embassy Amman
AMSTERDAM | NL | Consulate Amsterdam
ANKARA | TU | Embassy Ankara | ANK
ANTANANARIVO | MA | Embassy Antananarivo | TANA
ANTWERP | BE | Consulate Antwerp
APIA | WS | Embassy Apia
ASHGABAT | TX | Embassy Ashgabat
ASMARA | ER | Embassy Asmara
ASTANA | KZ | Embassy Astana |  |  | 2006-
ASUNCION | PA | Embassy Asuncion | ASUN
ATHENS | GR | Embassy Athens
AUCKLAND | NZ | Consulate Auckland
BAGHDAD | IZ | Embassy Baghdad
BAKU | AJ | Embassy Baku
BAMAKO | ML | Embassy Bamako
BANDARSERIBEGAWAN | BX | Embassy Bandar Seri Begawan | ?BANDAR BSB
BANGKOK | TH | Embassy Bangkok | BKK
BANGUI | CT | Embassy Bangui
BANJUL | GA | Embassy Banjul
BARCELONA | SP | Consulate Barcelona
BARRANQUILLA | CO | Consulate Barranquilla
BASEL | SZ | Consulate Basel
BASRAH | IZ | REO Basrah | BASRA
BATUMI | GG | Consulate Batumi
BEIJING | CH | Embassy Beijing
BEIRUT | LE | Embassy Beirut
BELEM | BR | Consulate Belem
BELFAST | UK | Consulate Belfast
BELGRADE | RB | Embassy Belgrade
BELIZE | BH | Embassy Belize |  | BELMOPAN
BELMOPAN | BH | Embassy Belmopan |  |  | 2006-
BENGHAZI | LY | Consulate Benghazi
BENGUELA | AO | Consulate Benguela
BERLIN | GM | Embassy Berlin
BERN | SZ | Embassy Bern
BIAK | ID | Consulate Biak
BILBAO | SP | Consulate Bilbao
BISHKEK | KG | Embassy Bishkek
BISSAU | PU | Embassy Bissau
BOGOTA | CO | Embassy Bogota
BOMBAY | IN | Consulate Bombay |  | MUMBAI | -1995
BONN | GM | Embassy Bonn |  |  | -1999
BORDEAUX | FR | Consulate Bordeaux
BRASILIA | BR | Embassy Brasilia | ?BRAZIL BSBRASILIA
BRATISLAVA | LO | Embassy Bratislava
BRAZZAVILLE | CF | Embassy Brazzaville
BREMEN | GM | Consulate Bremen
BRIDGETOWN | BB | Embassy Bridgetown
BRUSSELS | BE | Embassy Brussels
BUCHAREST | RO | Embassy Bucharest
BUDAPEST | HU | Embassy Budapest
BUENOSAIRES | AR | Embassy Buenos Aires | ?BA BAIRES
BUJUMBURA | BY | Embassy Bujumbura
BUKAVU | CG | Consulate Bukavu
BULAWAYO | ZI | Consulate Bulawayo
CAIRO | EG | Embassy Cairo
CALCUTTA | IN | Consulate Kolkata | ?CAL | KOLKATA
CALGARY | CA | Consulate Calgary
CALI | CO | Consulate Cali
CANBERRA | AS | Embassy Canberra
CANTON | CH | Consulate Canton |  | GUANGZHOU
CAPETOWN | SF | Consulate Cape Town | CPT
CARACAS | VE | Embassy Caracas
CASABLANCA | MO | Consulate Casablanca
CDCATLANTAGA | US | Centers for Disease Control, Atlanta | CDC ?ATLANTA ATLANTAGA CDCATLANTA
CDGENEVA | SZ | Delegation Conference on Disarmament, Geneva
CEBU | RP | Consulate Cebu
CENTCOM | -- | Central Command | USCENTCOM CDRUSCENTCOM USCINCCENT
CHARLESTON | -- | Financial Service Center Charleston | FSCCHARLESTON RMGFSCCHARLESTON
CHENGDU | CH | Consulate Chengdu
CHENNAI | IN | Consulate Chennai |  |  | 1996-
CHIANGMAI | TH | Consulate Chiang Mai
CHISINAU | MD | Embassy Chisinau
CIA | -- | Central Intelligence Agency
CIUDADJUAREZ | MX | Consulate Ciudad Juarez | CDJUAREZ JUAREZ
COLOMBO | CE | Embassy Colombo
CONAKRY | GV | Embassy Conakry
CONSTANTINE | AG | Consulate Constantine
COPENHAGEN | DA | Embassy Copenhagen
CORDOBA | AR | Consulate Cordoba
COTONOU | BN | Embassy Cotonou
CURACAO | NT | Consulate Curacao
DACCA | BG | Embassy Dacca |  | DHAKA | -1982
DAKAR | SG | Embassy Dakar
DAMASCUS | SY | Embassy Damascus | ?DAM
DANANG | VM | Consulate Da Nang |  |  | -1975
DARESSALAAM | TZ | Embassy Dar Es Salaam | ?DAR
DHAHRAN | SA | Consulate Dhahran
DHAKA | BG | Embassy Dhaka
DHS | -- | Department of Homeland Security | ?HOMELANDSECURITY
DIA | -- | Defense Intelligence Agency
DILI | TT | Embassy Dili |  |  | 2002-
DJIBOUTI | DJ | Embassy Djibouti
DOE | -- | Department of Energy | DEPTOFENERGY
DOHA | QA | Embassy Doha
DOL | -- | Department of Labor | DEPTOFLABOR
DOUALA | CM | Consulate Douala
DUBAI | AE | Consulate Dubai
DUBLIN | EI | Embassy Dublin
DURBAN | SF | Consulate Durban
DUSHANBE | TI | Embassy Dushanbe
DUSSELDORF | GM | Consulate Dusseldorf | DUESSELDORF
EDINBURGH | UK | Consulate Edinburgh
ERBIL | IZ | REO Erbil
FAA | -- | Federal Aviation Administration | FAANATIONALHQ
FBI | -- | Federal Bureau of Investigation
FESTTWO | -- | Foreign Emergency Support Team Two
FLORENCE | IT | Consulate Florence
FORTLAMY | CD | Embassy Fort Lamy |  | NDJAMENA | -1973
FRANKFURT | GM | Consulate Frankfurt
FREETOWN | SL | Embassy Freetown
FSINFATC | -- | Foreign Service Institute, National Foreign Affairs Training Center
FUKUOKA | JA | Consulate Fukuoka
GABORONE | BC | Embassy Gaborone
GENEVA | SZ | US Mission Geneva | USGENEVA
GENOA | IT | Consulate Genoa
GEORGETOWN | GY | Embassy Georgetown
GOTHENBURG | SW | Consulate Gothenburg
GRENADA | GJ | Embassy Grenada
GUADALAJARA | MX | Consulate Guadalajara
GUANGZHOU | CH | Consulate Guangzhou
GUATEMALA | GT | Embassy Guatemala | GUATEMALACITY
GUAYAQUIL | EC | Consulate Guayaquil
HALIFAX | CA | Consulate Halifax
HAMBURG | GM | Consulate Hamburg
HAMILTON | BD | Consulate Hamilton
HANOI | VM | Embassy Hanoi
HARARE | ZI | Embassy Harare
HAVANA | CU | US Interests Section Havana
HELSINKI | FI | Embassy Helsinki
HERAT | AF | Consulate Herat
HERMOSILLO | MX | Consulate Hermosillo
HHS | -- | Department of Health and Human Services | DEPTOFHHS
HILLAH | IZ | REO Hillah
HOCHIMINHCITY | VM | Consulate Ho Chi Minh City | HCMC HCM |  | 1999-
HONGKONG | HK | Consulate Hong Kong | HK
HYDERABAD | IN | Consulate Hyderabad
IBADAN | NI | Consulate Ibadan
IRANRPODUBAI | AE | Iran RPO Dubai |  | RPODUBAI
ISFAHAN | IR | Consulate Isfahan |  |  | -1979
ISLAMABAD | PK | Embassy Islamabad
ISTANBUL | TU | Consulate Istanbul
IZMIR | TU | Consulate Izmir
JAKARTA | ID | Embassy Jakarta | JAK
JCS | -- | Joint Chiefs of Staff | JOINTSTAFF CJCS
JEDDAH | SA | Consulate Jeddah
JERUSALEM | -- | Consulate Jerusalem
JOHANNESBURG | SF | Consulate Johannesburg | JOBURG
JUBA | SU | Consulate Juba
KABUL | AF | Embassy Kabul
KADUNA | NI | Consulate Kaduna
KAMPALA | UG | Embassy Kampala
KARACHI | PK | Consulate Karachi
KATHMANDU | NP | Embassy Kathmandu
KHARTOUM | SU | Embassy Khartoum
KHORRAMSHAHR | IR | Consulate Khorramshahr
KIEV | UP | Embassy Kyiv |  | KYIV
KIGALI | RW | Embassy Kigali
KINGSTON | JM | Embassy Kingston
KINSHASA | CG | Embassy Kinshasa
KIRKUK | IZ | REO Kirkuk
KISANGANI | CG | Consulate Kisangani
KOLKATA | IN | Consulate Kolkata
KOLONIA | FM | Embassy Kolonia
KOROR | PS | Embassy Koror
KRAKOW | PL | Consulate Krakow
KUALALUMPUR | MY | Embassy Kuala Lumpur | KL
KUWAIT | KU | Embassy Kuwait | KUWAITCITY
KYIV | UP | Embassy Kyiv
LAGOS | NI | Consulate Lagos
LAHORE | PK | Consulate Lahore
LAPAZ | BL | Embassy La Paz
LEIPZIG | GM | Consulate Leipzig
LENINGRAD | RS | Consulate Leningrad |  | STPETERSBURG | -1991
LIBREVILLE | GB | Embassy Libreville
LILONGWE | MI | Embassy Lilongwe
LIMA | PE | Embassy Lima
LISBON | PO | Embassy Lisbon
LJUBLJANA | SI | Embassy Ljubljana
LOME | TO | Embassy Lome
LONDON | UK | Embassy London
LOURENCOMARQUES | MZ | Consulate Lourenco Marques |  | MAPUTO | -1976
LUANDA | AO | Embassy Luanda
LUBUMBASHI | CG | Consulate Lubumbashi
LUSAKA | ZA | Embassy Lusaka
LUXEMBOURG | LU | Embassy Luxembourg
LYON | FR | Consulate Lyon
MADRAS | IN | Consulate Madras |  | CHENNAI | -1996
MADRID | SP | Embassy Madrid
MAJURO | RM | Embassy Majuro
MALABO | EK | Embassy Malabo
MALE | MV | Embassy Male
MANAGUA | NU | Embassy Managua
MANAMA | BA | Embassy Manama
MANILA | RP | Embassy Manila
MAPUTO | MZ | Embassy Maputo
MARACAIBO | VE | Consulate Maracaibo
MARSEILLE | FR | Consulate Marseille
MASERU | LT | Embassy Maseru
MATAMOROS | MX | Consulate Matamoros
MAZATLAN | MX | Consulate Mazatlan
MBABANE | WZ | Embassy Mbabane
MEDAN | ID | Consulate Medan
MEDELLIN | CO | Consulate Medellin
MELBOURNE | AS | Consulate Melbourne
MERIDA | MX | Consulate Merida
MEXICALI | MX | Consulate Mexicali
MEXICO | MX | Embassy Mexico | MEXICOCITY MEX
MILAN | IT | Consulate Milan
MINSK | BO | Embassy Minsk
MOGADISHU | SO | Embassy Mogadishu
MONROVIA | LI | Embassy Monrovia
MONTERREY | MX | Consulate Monterrey | MONTEREY
MONTEVIDEO | UY | Embassy Montevideo | MVD
MONTREAL | CA | Consulate Montreal
MORONI | CN | Embassy Moroni
MOSCOW | RS | Embassy Moscow
MOSUL | IZ | REO Mosul
MUMBAI | IN | Consulate Mumbai | MUMB |  | 1995-
MUNICH | GM | Consulate Munich
MUSCAT | MU | Embassy Muscat
NAGOYA | JA | Consulate Nagoya
NAHA | JA | Consulate Naha
NAIROBI | KE | Embassy Nairobi
NAJAF | IZ | REO Najaf
NAPLES | IT | Consulate Naples
NASIRIYAH | IZ | REO Nasiriyah
NASSAU | BF | Embassy Nassau
NDJAMENA | CD | Embassy Ndjamena
NEWDELHI | IN | Embassy New Delhi | DELHI
NIAMEY | NG | Embassy Niamey
NICE | FR | Consulate Nice
NICOSIA | CY | Embassy Nicosia
NOGALES | MX | Consulate Nogales
NOUAKCHOTT | MR | Embassy Nouakchott
NRC | -- | Nuclear Regulatory Commission
NSC | US | National Security Council
NUEVOLAREDO | MX | Consulate Nuevo Laredo | NVLAREDO
NUKUALOFA | TN | Embassy Nukualofa
OPORTO | PO | Consulate Oporto
ORAN | AG | Consulate Oran
OSAKAKOBE | JA | Consulate Osaka-Kobe
OSLO | NO | Embassy Oslo
OTTAWA | CA | Embassy Ottawa
OUAGADOUGOU | UV | Embassy Ouagadougou | OUAGA
PACOM | -- | Pacific Command | USPACOM HQUSPACOM CDRUSPACOM USCINCPAC
PALERMO | IT | Consulate Palermo
PANAMA | PM | Embassy Panama | PANAMACITY
PARAMARIBO | NS | Embassy Paramaribo
PARIS | FR | Embassy Paris
PARTO | US | US Delegation, Secretary
PEKING | CH | Liaison Office Peking |  | BEIJING | 1973-1979
PERTH | AS | Consulate Perth
PESHAWAR | PK | Consulate Peshawar
PHNOMPENH | CB | Embassy Phnom Penh
PODGORICA | MW | Embassy Podgorica
PONTADELGADA | PO | Consulate Ponta Delgada
PORTAUPRINCE | HA | Embassy Port Au Prince | PAP PAUP PORTA
PORTLOUIS | MP | Embassy Port Louis
PORTMORESBY | PP | Embassy Port Moresby
PORTOALEGRE | BR | Consulate Porto Alegre
PORTOFSPAIN | TD | Embassy Port Of Spain | ?POS
POZNAN | PL | Consulate Poznan
PRAGUE | EZ | Embassy Prague
PRAIA | CV | Embassy Praia
PRETORIA | SF | Embassy Pretoria
PRISTINA | KV | Embassy Pristina |  |  | 1999-
PRTKANDAHAR | AF | PRT Kandahar
QUEBEC | CA | Consulate Quebec | QUEBECCITY
QUITO | EC | Embassy Quito
RABAT | MO | Embassy Rabat
RANGOON | BM | Embassy Rangoon
RECIFE | BR | Consulate Recife
REYKJAVIK | IC | Embassy Reykjavik | RKV
RIGA | LG | Embassy Riga
RIODEJANEIRO | BR | Consulate Rio De Janeiro | RIO RIODEJAN
RIYADH | SA | Embassy Riyadh
ROME | IT | Embassy Rome
RPODUBAI | AE | Iran RPO Dubai
SAIGON | VM | Embassy Saigon |  | HOCHIMINHCITY | -1975
SALISBURY | ZI | Consulate Salisbury |  | HARARE | -1982
SALVADOR | BR | Consulate Salvador
SALZBURG | AU | Consulate Salzburg
SANAA | YM | Embassy Sanaa
SANJOSE | CS | Embassy San Jose | SJO
SANPEDROSULA | HO | Consulate San Pedro Sula
SANSALVADOR | ES | Embassy San Salvador | SSAL
SANTIAGO | CI | Embassy Santiago | STGO
SANTODOMINGO | DR | Embassy Santo Domingo | SDO STODOMINGO ?SD
SAOPAULO | BR | Consulate Sao Paulo | ?PAULO SPAULO
SAPPORO | JA | Consulate Sapporo
SARAJEVO | BK | Embassy Sarajevo
SECDEF | US | Secretary of Defense | SECDEFWASH SECDEFWASHDC SECDEFWASHINGTON SECRETARYOFDEFENSE OSD
SEOUL | KS | Embassy Seoul
SETIF | AG | Consulate Setif
SEVILLE | SP | Consulate Seville
SHANGHAI | CH | Consulate Shanghai
SHENYANG | CH | Consulate Shenyang
SHIRAZ | IR | Consulate Shiraz |  |  | -1979
SINGAPORE | SN | Embassy Singapore
SKOPJE | MK | Embassy Skopje
SOFIA | BU | Embassy Sofia
SONGKHLA | TH | Consulate Songkhla
SOUTHCOM | -- | Southern Command | USSOUTHCOM CDRUSSOUTHCOM USCINCSO
STATE | US | Secretary of State; Department of State | SECSTATE STAT SECSTATEWASHDC STATEDEPT DEPT DEPARTMENT WASHDC
STOCKHOLM | SW | Embassy Stockholm
STPETERSBURG | RS | Consulate St Petersburg | PETERSBURG SAINTPETERSBURG STPETE |  | 1991-
STRASBOURG | FR | Consulate Strasbourg
STUTTGART | GM | Consulate Stuttgart
SURABAYA | ID | Consulate Surabaya
SUVA | FJ | Embassy Suva
SYDNEY | AS | Consulate Sydney
TABRIZ | IR | Consulate Tabriz |  |  | -1979
TAIPEI | TW | American Institute Taiwan, Taipei |  | AITTAIPEI
TAIZ | YM | Embassy Taiz
TALLINN | EN | Embassy Tallinn | TALLIN
TANANARIVE | MA | Embassy Tananarive |  | ANTANANARIVO | -1976
TANGIER | MO | Consulate Tangier
TASHKENT | UZ | Embassy Tashkent
TBILISI | GG | Embassy Tbilisi
TEGUCIGALPA | HO | Embassy Tegucigalpa | TEGUC TEGUZ TGG
TEHRAN | IR | Embassy Tehran |  |  | -1979
TELAVIV | IS | Embassy Tel Aviv | TLV
THEHAGUE | NL | Embassy The Hague | HAGUE DENHAAG
THESSALONIKI | GR | Consulate Thessaloniki
TIJUANA | MX | Consulate Tijuana
TIRANA | AL | Embassy Tirana
TOKYO | JA | Embassy Tokyo
TORONTO | CA | Consulate Toronto
TREASURY | -- | Department of the Treasury | TREAS DEPTOFTREASURY TREASURYDEPT
TRIESTE | IT | Consulate Trieste
TRIPOLI | LY | Embassy Tripoli
TUNIS | TS | Embassy Tunis
TURIN | IT | Consulate Turin
UDORN | TH | Consulate Udorn
ULAANBAATAR | MG | Embassy Ulaanbaatar
UNESCOPARISFR | FR | Mission UNESCO Paris | PARISFR USUNESCOPARISFR UNESCOPARIS USUNESCO ?UNESCO
UNROME | IT | US Mission to the UN Agencies Rome | USUNROME FODAG
UNVIEVIENNA | AU | UNVIE | UNVIE UNVIENNA USUNVIE
USAID | -- | Agency for International Development | ?AID
USBERLIN | GM | US Mission Berlin
USCBP | -- | Customs and Border Protection | CBP USCUSTOMS USCUSTOMSA
USCINCEUR | -- | European Command | EUCOM USEUCOM HQUSEUCOM
USDAFAS | -- | Department of Agriculture, Foreign Agricultural Service | USDA FAS USDAFASWASHDC USDAWASHDC
USDOC | -- | Department of Commerce | USDOCWASHDC DOC DEPTOFCOMMERCE ?COMMERCE
USDOJ | -- | Department of Justice | DOJ DEPTOFJUST DEPTOFJUSTICE ?JUSTICE
USEUBRUSSELS | BE | USEU Brussels | USEU USEC
USIA | -- | Information Agency | USINFO
USIAEAVIENNA | AU | Mission IAEA Vienna
USICAOMONTREAL | CA | Mission ICAO Montreal
USNATO | BE | Mission USNATO | ?NATO USNATOBRUSSELS
USOASWASHDC | -- | Mission to the OAS
USOECDPARIS | FR | Mission OECD Paris
USOSCE | AU | Mission USOSCE | USOSCEVIENNA ?OSCE
USTR | -- | Trade Representative
USTRGENEVA | SZ | USTR Geneva
USUNNEWYORK | US | USUN New York | USUN USUNNY NEWYORK USUNNEW
VALLETTA | MT | Embassy Valletta
VANCOUVER | CA | Consulate Vancouver
VATICAN | VT | Embassy Vatican | ?VAT VATICANCITY HOLYSEE
VERACRUZ | MX | Consulate Veracruz
VIENNA | AU | Embassy Vienna
VIENTIANE | LA | Embassy Vientiane
VILNIUS | LH | Embassy Vilnius
VLADIVOSTOK | RS | Consulate Vladivostok
WARSAW | PL | Embassy Warsaw
WELLINGTON | NZ | Embassy Wellington
WHITEHOUSE | US | White House
WINDHOEK | WA | Embassy Windhoek
WINNIPEG | CA | Consulate Winnipeg
WUHAN | CH | Consulate Wuhan
YAOUNDE | CM | Embassy Yaounde
YEKATERINBURG | RS | Consulate Yekaterinburg
YEREVAN | AM | Embassy Yerevan
ZAGREB | HR | Embassy Zagreb
ZANZIBAR | TZ | Consulate Zanzibar
ZURICH | SZ | Consulate Zurich
"""

COUNTRIES: Final = """
AF AFGHANISTAN; AG ALGERIA; AL ALBANIA; AO ANGOLA; AR ARGENTINA; AM ARMENIA; AS AUSTRALIA; AU AUSTRIA;
AJ AZERBAIJAN; BF BAHAMAS; BA BAHRAIN; BG BANGLADESH; BB BARBADOS; BO BELARUS; BE BELGIUM; BH BELIZE; BN BENIN;
BD BERMUDA; BL BOLIVIA; BK BOSNIA; BC BOTSWANA; BR BRAZIL; BX BRUNEI; BU BULGARIA; UV BURKINA FASO; BM BURMA;
BY BURUNDI; CB CAMBODIA; CM CAMEROON; CA CANADA; CV CAPE VERDE; CT CENTRAL AFRICAN REPUBLIC; CD CHAD; CI CHILE;
CH CHINA; CO COLOMBIA; CN COMOROS; CG CONGO; CF CONGO; CS COSTA RICA; IV COTE DIVOIRE; HR CROATIA; CU CUBA;
CY CYPRUS; EZ CZECH REPUBLIC; DA DENMARK; DJ DJIBOUTI; DR DOMINICAN REPUBLIC; TT EAST TIMOR; EC ECUADOR; EG EGYPT;
ES EL SALVADOR; EK EQUATORIAL GUINEA; ER ERITREA; EN ESTONIA; ET ETHIOPIA; FJ FIJI; FI FINLAND; FR FRANCE;
GB GABON; GA GAMBIA; GG GEORGIA; GM GERMANY; GH GHANA; GR GREECE; GJ GRENADA; GT GUATEMALA; GV GUINEA;
PU GUINEA BISSAU; GY GUYANA; HA HAITI; HO HONDURAS; HK HONG KONG; HU HUNGARY; IC ICELAND; IN INDIA; ID INDONESIA;
IR IRAN; IZ IRAQ; EI IRELAND; IS ISRAEL; IT ITALY; JM JAMAICA; JA JAPAN; JO JORDAN; KZ KAZAKHSTAN; KE KENYA;
KS KOREA; KV KOSOVO; KU KUWAIT; KG KYRGYZSTAN; LA LAOS; LG LATVIA; LE LEBANON; LT LESOTHO; LI LIBERIA; LY LIBYA;
LH LITHUANIA; LU LUXEMBOURG; MK MACEDONIA; MA MADAGASCAR; MI MALAWI; MY MALAYSIA; MV MALDIVES; ML MALI; MT MALTA;
RM MARSHALL ISLANDS; MR MAURITANIA; MP MAURITIUS; MX MEXICO; FM MICRONESIA; MD MOLDOVA; MG MONGOLIA; MW MONTENEGRO;
MO MOROCCO; MZ MOZAMBIQUE; WA NAMIBIA; NP NEPAL; NL NETHERLANDS; NT NETHERLANDS ANTILLES; NZ NEW ZEALAND;
NU NICARAGUA; NG NIGER; NI NIGERIA; NO NORWAY; MU OMAN; PK PAKISTAN; PS PALAU; PM PANAMA; PP PAPUA NEW GUINEA;
PA PARAGUAY; PE PERU; RP PHILIPPINES; PL POLAND; PO PORTUGAL; QA QATAR; RO ROMANIA; RS RUSSIA; RW RWANDA; WS SAMOA;
SA SAUDI ARABIA; SG SENEGAL; RB SERBIA; SL SIERRA LEONE; SN SINGAPORE; LO SLOVAKIA; SI SLOVENIA; SO SOMALIA;
SF SOUTH AFRICA; SP SPAIN; CE SRI LANKA; SU SUDAN; NS SURINAME; WZ SWAZILAND; SW SWEDEN; SZ SWITZERLAND; SY SYRIA;
TW TAIWAN; TI TAJIKISTAN; TZ TANZANIA; TH THAILAND; TO TOGO; TN TONGA; TD TRINIDAD; TS TUNISIA; TU TURKEY;
TX TURKMENISTAN; UG UGANDA; UP UKRAINE; AE UAE; UK ENGLAND; US USA; UY URUGUAY; UZ UZBEKISTAN; VT HOLY SEE;
VE VENEZUELA; VM VIETNAM; YM YEMEN; ZA ZAMBIA; ZI ZIMBABWE
"""
"""The names that stand behind a city, by the codes of TAGS."""
